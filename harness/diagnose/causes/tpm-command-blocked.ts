import { certain, type FailureCause } from '../cause.ts';
import { isCode, refusedCommand } from '../evidence.ts';

/** The operating system stands before the TPM. */
export const tpmCommandBlocked: FailureCause = {
  explain: '0x80280400',
  scenario: 'failure/tpm/command-blocked',
  fix: 'run the client as an administrator, or allow the command',
  find: (evidence) =>
    isCode(evidence, 'TPM_E_COMMAND_BLOCKED')
      ? certain(`Windows lets this user not send ${refusedCommand(evidence) ?? 'this command'}`)
      : undefined,
};
