import type { DeviceFault } from './device-fault.ts';

const malformed = { kind: 'refused', status: 400, errorCode: 400004 } as const;

/** Refused under the rule of 2017 only (`registration-id` = `lower-case`); today letters of either case are the same. */
export const upperCaseId = {
  description: 'registers under its id in capitals',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': malformed, tpm: malformed },

  registrationId: (registrationId) => registrationId.toUpperCase(),
} as const satisfies DeviceFault;
