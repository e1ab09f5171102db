import type { IssuePlan } from '../../faults/device-fault.ts';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { InvariantError } from '../../kernel/errors.ts';
import { CKO } from '../../pkcs11/constants.ts';
import { type KeyCustody, readCustody } from '../../pkcs11/custody.ts';
import { deviceKeyName } from '../../pkcs11/provision-token.ts';
import type { TokenHost } from '../../pkcs11/token-host.ts';
import { deriveGroupMemberKey, findObject, importSecretKey } from '../../pkcs11/token-objects.ts';
import type { StoredToken } from '../../pkcs11/token-store.ts';
import { externalKeyOf } from '../../pki/external-key.ts';
import { pemToDer, thumbprints } from '../../pki/pem.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import type { DeviceSpec } from '../device-spec.ts';
import { type FleetAuthority, newSymmetricKey } from './fleet-authority.ts';
import type { Issued } from './issue-credentials.ts';
import { certificateRequest, opened, sent } from './x509.ts';

/** A device's own token, and who opens it in this thread. */
export interface DeviceToken {
  readonly token: StoredToken;
  readonly host: TokenHost;
}

/** Evidence of a key in a token, taken when its credentials were made. */
export interface IssuedKey {
  readonly custody: KeyCustody;
  /** SHA-256, upper-case hex: of the certificate that the device presents. Absent for symmetric keys. */
  readonly certificateThumbprint?: string;
}

/** A certificate for the key pair that was made in the device's token: the token signs the request, or the certificate. */
export async function issueTokenX509(
  { registrationId, enrollment }: DeviceSpec,
  { key: keyPlan, certificate }: IssuePlan,
  authority: FleetAuthority,
  deviceToken: DeviceToken | undefined,
): Promise<Issued> {
  const { token, host } = required(deviceToken, registrationId);
  const pki = await opened(certificate.authority === 'enrolled' ? authority.pki : authority.unknownPki);
  const request = certificateRequest(enrollment, certificate);
  using key = host.openKey(token.keyUri);
  const held = await pki.certifyDeviceKey(externalKeyOf(key), request);
  const presented = certificate.certifies === 'own-key' ? held : await pki.issueDeviceCertificate(request);
  const enrolled = keyPlan === 'enrolled' ? held : await pki.issueDeviceCertificate(request);
  return {
    credentials: {
      kind: 'token-x509',
      certificateChainPem: sent(presented, certificate.sends),
      keyUri: token.keyUri,
    },
    attestation: {
      type: 'x509',
      x509: { clientCertificates: { primary: { certificate: enrolled.certificatePem } } },
    },
    key: {
      custody: key.custody(),
      certificateThumbprint: thumbprints(pemToDer(held.certificatePem)).sha256,
    },
  };
}

/**
 * Gives a token its symmetric key: one of its own, or the one that the group's key gives, which the token derives.
 * Only the service keeps a copy.
 */
export function issueTokenSymmetricKey(
  { registrationId, enrollment }: DeviceSpec,
  plan: IssuePlan,
  { symmetricGroup }: FleetAuthority,
  deviceToken: DeviceToken | undefined,
): Issued {
  const { token, host } = required(deviceToken, registrationId);
  const groupKey = fromBase64(symmetricGroup.primaryKey);
  const ofGroup = enrollment === 'group';
  const enrolledKey = ofGroup ? toBase64(deriveGroupDeviceKey(groupKey, registrationId)) : newSymmetricKey();
  const session = host.openSession(token.keyUri);
  try {
    if (plan.key === 'unrelated') importSecretKey(session, fromBase64(newSymmetricKey()), permanent);
    else if (ofGroup) {
      const group = importSecretKey(session, groupKey, { label: 'group', id: Uint8Array.of(2), keep: false });
      deriveGroupMemberKey(session, group, registrationId, deviceKeyName);
    } else importSecretKey(session, fromBase64(enrolledKey), permanent);
    const key = findObject(session, CKO.SECRET_KEY, deviceKeyName);
    return {
      credentials: { kind: 'token-symmetric-key', keyUri: token.keyUri },
      attestation: {
        type: 'symmetricKey',
        symmetricKey: { primaryKey: enrolledKey, secondaryKey: newSymmetricKey() },
      },
      key: { custody: readCustody(session, key) },
    };
  } finally {
    session.close();
  }
}

const permanent = { ...deviceKeyName, keep: true };

function required(deviceToken: DeviceToken | undefined, registrationId: string): DeviceToken {
  if (deviceToken !== undefined) return deviceToken;
  throw new InvariantError(`device ${registrationId} keeps its key in a token and was given none`);
}
