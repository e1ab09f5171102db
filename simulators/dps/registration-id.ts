import type { DpsRules } from './rules.ts';

const pattern = /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/;

/**
 * Whether DPS takes a text as registrationId or enrollmentGroupId: up to 128 characters, the last one a letter, a digit
 * or a hyphen.
 *
 * @see Azure DPS, "Service concepts", registration ID
 */
export const isRegistrationId = (text: string): boolean => pattern.test(text);

/** The same under the rule set in force; what is enrolled by the operator is held to the widest one only. */
export const isAllowedId = (text: string, variant: DpsRules['registration-id']): boolean => {
  switch (variant) {
    case 'any-case':
      return isRegistrationId(text);
    case 'strict-ends':
      return isRegistrationId(text) && /^[A-Za-z0-9]/.test(text) && /[A-Za-z0-9]$/.test(text);
    case 'lower-case':
      return /^[a-z0-9-]{1,128}$/.test(text);
  }
};

/** Ids are compared without regard to case; what goes into keys, tokens and answers is the text as sent. */
export const idKey = (id: string): string =>
  // Beyond ASCII a letter may lower-case into it: the Kelvin sign becomes a k, and two ids one.
  isAscii.test(id) ? id.toLowerCase() : id;

const isAscii = /^[\x20-\x7e]*$/;
