import { type FailureCause, likely } from '../cause.ts';
import { codeOf } from '../evidence.ts';

/** EFLOW puts a broker and a proxy in between. */
export const eflowPassThrough: FailureCause = {
  explain: 'eflow-provision-failed',
  scenario: 'failure/eflow/failed-to-provision',
  fix: 'Get-EflowVmTpmProvisioningInfo, Get-EflowVmFeature; then the EFLOWProxy of the host',
  find: (evidence) => {
    const code = codeOf(evidence);
    if (!code.startsWith('EFLOW_')) return undefined;
    const said = evidence.result.kind === 'error' ? evidence.result.error.message : evidence.result.message;
    return likely(`between the VM and the TPM of its host: ${said}`);
  },
};
