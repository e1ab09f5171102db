import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The store is another one, or empty. */
export const tokenAbsent: FailureCause = {
  explain: 'CKR_TOKEN_NOT_PRESENT',
  scenario: 'failure/pkcs11/store-not-on-a-volume',
  fix: 'keep the token directory on a volume; address the token by its label',
  find: (evidence) =>
    isCode(evidence, 'CKR_TOKEN_NOT_PRESENT')
      ? certain(`no slot has the token ${evidence.device?.tokenUri?.['token'] ?? ''}`)
      : undefined,
};
