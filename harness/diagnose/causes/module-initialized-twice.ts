import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Each library that uses the module believes that it is alone. */
export const moduleInitializedTwice: FailureCause = {
  explain: 'CKR_CRYPTOKI_ALREADY_INITIALIZED',
  scenario: 'failure/pkcs11/initialized-twice',
  fix: 'initialise once for a process; devices are sessions',
  find: (evidence) =>
    isCode(evidence, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')
      ? certain('the PKCS #11 module is initialised a second time in one process')
      : undefined,
};
