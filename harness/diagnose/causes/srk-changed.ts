import { certain, type FailureCause } from '../cause.ts';
import { isCode, shortDigest } from '../evidence.ts';

/** Firmware or another tool made the SRK in another way. */
export const srkChanged: FailureCause = {
  explain: 'TPM_RC_INTEGRITY',
  scenario: 'failure/tpm/srk-of-firmware',
  fix: 'make the SRK anew from the usual template, or read it before each registration',
  find: (evidence) => {
    const tpm = evidence.device?.tpm;
    if (!isCode(evidence, 'TPM_RC_INTEGRITY') || tpm?.condition.kind !== 'answers') return undefined;
    const { storageRootKey } = tpm.condition;
    if (tpm.storageRootKeyOnRecord === undefined || storageRootKey === tpm.storageRootKeyOnRecord)
      return undefined;
    return certain(
      `the SRK at 0x81000001 is another one than the device told the service: ${shortDigest(storageRootKey)} in the TPM, ${shortDigest(tpm.storageRootKeyOnRecord)} on record`,
    );
  },
};
