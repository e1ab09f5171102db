import type { IssuePlan } from '../../faults/device-fault.ts';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import type { DeviceSpec } from '../device-spec.ts';
import { type FleetAuthority, newSymmetricKey } from './fleet-authority.ts';
import type { Issued } from './issue-credentials.ts';

/** A key of the device's own, or the one that its group's key gives. */
export function issueSymmetricKey(
  { registrationId, enrollment }: DeviceSpec,
  plan: IssuePlan,
  { symmetricGroup }: FleetAuthority,
): Issued {
  const enrolledKey =
    enrollment === 'group'
      ? toBase64(deriveGroupDeviceKey(fromBase64(symmetricGroup.primaryKey), registrationId))
      : newSymmetricKey();
  const key = keyOnDevice(plan.key, enrolledKey, { registrationId, groupKey: symmetricGroup.primaryKey });
  return {
    credentials: { kind: 'symmetric-key', key },
    attestation: {
      type: 'symmetricKey',
      symmetricKey: { primaryKey: enrolledKey, secondaryKey: newSymmetricKey() },
    },
  };
}

/** base64. */
function keyOnDevice(
  kind: IssuePlan['key'],
  enrolledKey: string,
  { registrationId, groupKey }: { readonly registrationId: string; readonly groupKey: string },
): string {
  switch (kind) {
    case 'enrolled':
      return enrolledKey;
    case 'unrelated':
      return newSymmetricKey();
    case 'of-the-group':
      return groupKey;
    case 'derived-twice':
      return toBase64(deriveGroupDeviceKey(fromBase64(enrolledKey), registrationId));
  }
}
