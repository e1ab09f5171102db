import type { IssuePlan } from '../../faults/device-fault.ts';
import { concatBytes, toBase64 } from '../../kernel/bytes.ts';
import { InvariantError } from '../../kernel/errors.ts';
import type { ManufacturedTpm } from '../../tpm/transport.ts';
import type { DeviceSpec } from '../device-spec.ts';
import { foreignModulus } from './foreign-modulus.ts';
import type { Issued } from './issue-credentials.ts';

/**
 * A TPM device holds nothing but its TPM; its enrollment knows the EK.
 *
 * @throws InvariantError when there is no TPM, or the device is to be in a group
 */
export function issueTpm(
  { registrationId, enrollment }: DeviceSpec,
  plan: IssuePlan,
  tpm: ManufacturedTpm | undefined,
): Issued {
  if (tpm === undefined) throw new InvariantError(`TPM device ${registrationId} was given no TPM`);
  if (enrollment === 'group') throw new InvariantError('DPS has no enrollment groups for TPM devices');
  const { own, foreign } = presentedKeys(tpm);
  return {
    credentials: {
      kind: 'tpm',
      tpmId: tpm.tpmId,
      stateFile: tpm.stateFile,
      endorsementKey: presentedKeys(tpm)[plan.presentedEndorsementKey],
      storageRootKey: toBase64(tpm.storageRootKey),
    },
    attestation: {
      type: 'tpm',
      tpm: { endorsementKey: plan.enrollment.endorsementKey === 'own' ? own : foreign },
    },
  };
}

const presentedKeys = ({ endorsementKey }: ManufacturedTpm) => ({
  own: toBase64(endorsementKey),
  foreign: toBase64(foreignEndorsementKey(endorsementKey)),
  cut: toBase64(endorsementKey.subarray(0, 100)),
  'elliptic-curve': ellipticCurveKey,
});

/** An EK by the template L-2 of the TCG profile (NIST P-256), of a swtpm: test/vectors/tpm/commands.json. */
const ellipticCurveKey =
  'AHoAIwALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S124GUgtk8qHaGzMUaaoABgCAAEMAEAADABAAIGBoKKmqA5QP2mfxZ4pzkcsEXXtVTUgttXGY2Vqp/gRpACCdhnYpeMrAEJhzqxUU5CCZkhfGjxfmNTaeWV0OynHDbQ==';

/** The same template with another modulus, which ends the structure (TPM 2.0 Part 2 §12.2.4 TPMT_PUBLIC). */
const foreignEndorsementKey = (endorsementKey: Uint8Array): Uint8Array =>
  concatBytes(endorsementKey.subarray(0, -foreignModulus.length), foreignModulus);
