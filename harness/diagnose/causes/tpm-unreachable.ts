import { certain, type FailureCause } from '../cause.ts';
import { brokenPhase, codeOf, messageOf } from '../evidence.ts';

/** Between a VM and the TPM of its host stands a network. */
export const tpmUnreachable: FailureCause = {
  explain: 'eflow-proxy-down',
  scenario: 'failure/eflow/proxy-down',
  fix: 'start EFLOWProxy on the host and let ICMP pass; after a change of its address restart the VM',
  find: (evidence) =>
    /^E[A-Z]+$/.test(codeOf(evidence)) && brokenPhase(evidence) === 'tpm'
      ? certain(`the way to the TPM is broken, not that to the service: ${messageOf(evidence)}`)
      : undefined,
};
