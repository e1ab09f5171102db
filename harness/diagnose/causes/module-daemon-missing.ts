import { type FailureCause, likely } from '../cause.ts';
import { isCode, refusedCall } from '../evidence.ts';

/** A module that is only the client of a daemon. */
export const moduleDaemonMissing: FailureCause = {
  explain: 'CKR_HOST_MEMORY',
  scenario: 'failure/pkcs11/daemon-missing',
  fix: 'start the daemon (pkcsslotd) and mount its socket',
  find: (evidence) =>
    isCode(evidence, 'CKR_HOST_MEMORY')
      ? likely(
          `${refusedCall(evidence) ?? 'the module'} has no memory, as modules say whose daemon does not run`,
        )
      : undefined,
};
