import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import { type SasToken, sasSignatureMatches } from '../../wire/sas-token.ts';
import { type IndividualEntry, isDisabled, type SymmetricKeyGroup } from '../enrollment-entry.ts';
import { refusals } from '../refusal.ts';
import { admitted, type Decision, refused, sasAuthentication } from './admission.ts';
import type { AttestationContext } from './attest.ts';

type AttestSymmetricKey = (
  registrationId: string,
  token: SasToken,
  individual: IndividualEntry | undefined,
) => Decision;

interface GroupKey {
  readonly group: SymmetricKeyGroup;
  readonly deviceKey: Uint8Array;
}

/**
 * Makes the check of SAS tokens: against the individual enrollment of that id, else against every symmetric-key group.
 * A device never names its group, the key that verifies does.
 */
export function createSymmetricKeyAttestation(context: AttestationContext): AttestSymmetricKey {
  const groupKeyOf = createGroupSearch(context);
  const attestByGroup = (registrationId: string, token: SasToken): Decision => {
    const found = groupKeyOf(registrationId, token);
    if (found === undefined) {
      const reason = `no individual enrollment and no group key admits ${registrationId}`;
      return refused(refusals.notAuthorizedHere(reason));
    }
    const { enrollmentId } = found.group;
    return admitted(found.group, () => ({
      state: { symmetricKey: { enrollmentGroupId: enrollmentId } },
      authentication: sasAuthentication(
        found.group.keys.map((key) => deriveGroupDeviceKey(key, registrationId)),
      ),
    }));
  };
  return (registrationId, token, individual) => {
    if (individual === undefined) return attestByGroup(registrationId, token);
    if (individual.kind === 'symmetric-key') {
      return individual.keys.some((key) => sasSignatureMatches(token, key))
        ? admitted(individual, () => ({ state: {}, authentication: sasAuthentication(individual.keys) }))
        : refused(refusals.unauthorized(`the signature was made with neither key of ${registrationId}`));
    }
    if (isDisabled(individual)) {
      const byGroup = attestByGroup(registrationId, token);
      return byGroup.kind === 'admitted' ? admitted(individual, byGroup.assign) : byGroup;
    }
    const reason = `${registrationId} is enrolled by ${individual.kind}, a SAS token was presented`;
    return refused(refusals.notAuthorizedHere(reason));
  };
}

/** How many devices' groups are remembered: enough for a fleet, and for their status queries. */
const REMEMBERED = 20_000;

/** Finds the group whose derived key signed the token; remembers it, so that only a device's first request searches. */
function createGroupSearch({ enrollments }: AttestationContext) {
  const remembered = new Map<string, GroupKey>();
  let { generation } = enrollments;
  return (registrationId: string, token: SasToken): GroupKey | undefined => {
    if (generation !== enrollments.generation) {
      remembered.clear();
      ({ generation } = enrollments);
    }
    const known = remembered.get(registrationId);
    if (known !== undefined && sasSignatureMatches(token, known.deviceKey)) return known;
    for (const group of enrollments.symmetricKeyGroups) {
      for (const groupKey of group.keys) {
        const deviceKey = deriveGroupDeviceKey(groupKey, registrationId);
        if (!sasSignatureMatches(token, deviceKey)) continue;
        const found = { group, deviceKey };
        remembered.set(registrationId, found);
        const [oldest] = remembered.keys();
        if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
        return found;
      }
    }
    return undefined;
  };
}
