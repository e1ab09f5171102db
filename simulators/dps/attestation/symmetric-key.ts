import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import { type SasToken, sasSignatureMatches } from '../../wire/sas-token.ts';
import type { EnrollmentStore } from '../enrollment-store.ts';
import { refusals } from '../refusal.ts';
import { type Decision, refused } from './admission.ts';

/**
 * Checks a SAS token against the individual enrollment of that id, else against every symmetric-key group: a device
 * never names its group, the key that verifies does.
 */
export function attestSymmetricKey(
  registrationId: string,
  token: SasToken,
  store: EnrollmentStore,
): Decision {
  const individual = store.individual(registrationId);
  if (individual !== undefined) {
    if (individual.kind !== 'symmetric-key') {
      return refused(
        refusals.notAuthorizedHere(
          `${registrationId} is enrolled by ${individual.kind}, a SAS token was presented`,
        ),
      );
    }
    if (!individual.keys.some((key) => sasSignatureMatches(token, key))) {
      return refused(refusals.unauthorized(`the signature was made with neither key of ${registrationId}`));
    }
    return { ...individual.admission, stateMember: () => ({}) };
  }
  for (const group of store.symmetricKeyGroups()) {
    if (group.keys.some((key) => sasSignatureMatches(token, deriveGroupDeviceKey(key, registrationId)))) {
      const { enrollmentId, enrollment } = group;
      return {
        kind: 'admitted',
        enrollment,
        enrollmentId,
        deviceId: registrationId,
        stateMember: () => ({ symmetricKey: { enrollmentGroupId: enrollmentId } }),
      };
    }
  }
  return refused(
    refusals.notAuthorizedHere(`no individual enrollment and no group key admits ${registrationId}`),
  );
}
