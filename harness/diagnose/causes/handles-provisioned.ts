import { certain, type FailureCause } from '../cause.ts';
import { hasRegistered, isCode } from '../evidence.ts';

const handleText = (handle: number): string => `0x${handle.toString(16)}`;

/** A tool sets up a TPM that is set up. */
export const handlesProvisioned: FailureCause = {
  explain: 'TPM_RC_NV_DEFINED',
  scenario: 'failure/tpm/srk-handle-taken',
  fix: 'use the keys that are there, or evict them first',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_NV_DEFINED') || condition?.kind !== 'answers') return undefined;
    // Who makes EK and SRK does so before the first request.
    if (hasRegistered(evidence)) return undefined;
    const taken = [0x81010001, 0x81000001].filter((handle) => condition.persistentHandles.includes(handle));
    return taken.length === 0
      ? undefined
      : certain(`a key is to be made where there is one already: ${taken.map(handleText).join(', ')}`);
  },
};
