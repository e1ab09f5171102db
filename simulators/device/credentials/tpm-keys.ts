import type { IssuePlan } from '../../faults/device-fault.ts';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { InvariantError } from '../../kernel/errors.ts';
import type { ExternalKey } from '../../pki/external-key.ts';
import { pemToDer, thumbprints } from '../../pki/pem.ts';
import { createSigningKey, type DeviceKey, signDataWithKey, wrapHmacKey } from '../../tpm/device-keys.ts';
import { readTpmCustody } from '../../tpm/key-custody.ts';
import { createTpmClient, type TpmClient } from '../../tpm/tpm-client.ts';
import type { ManufacturedTpm } from '../../tpm/transport.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import type { DeviceSpec, WrappedKey } from '../device-spec.ts';
import { type FleetAuthority, newSymmetricKey } from './fleet-authority.ts';
import type { DeviceHardware, Issued } from './issue-credentials.ts';
import { certificateRequest, opened, sent } from './x509.ts';

/** A certificate for a key pair that the device's TPM makes: the TPM signs the request, or the certificate. */
export async function issueTpmX509(
  { registrationId, enrollment, keyAlgorithm = 'ec-p256' }: DeviceSpec,
  { key: keyPlan, certificate }: IssuePlan,
  authority: FleetAuthority,
  hardware: DeviceHardware,
): Promise<Issued> {
  const pki = await opened(certificate.authority === 'enrolled' ? authority.pki : authority.unknownPki);
  const request = certificateRequest(enrollment, certificate);
  const { tpm, result } = await useTpm(registrationId, hardware, async (client, signal) => {
    const { publicKey, ...key } = await createSigningKey(client, keyAlgorithm, signal);
    const external: ExternalKey = {
      subjectPublicKeyInfo: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
      sign: (data) => signDataWithKey(client, key, data, signal),
    };
    const held = await pki.certifyDeviceKey(external, request);
    return { key, held, custody: await readTpmCustody(client, key, signal) };
  });
  const { key, held, custody } = result;
  const presented = certificate.certifies === 'own-key' ? held : await pki.issueDeviceCertificate(request);
  const enrolled = keyPlan === 'enrolled' ? held : await pki.issueDeviceCertificate(request);
  return {
    credentials: {
      kind: 'tpm-x509',
      certificateChainPem: sent(presented, certificate.sends),
      ...wrapped(tpm, key),
    },
    attestation: {
      type: 'x509',
      x509: { clientCertificates: { primary: { certificate: enrolled.certificatePem } } },
    },
    key: { custody, certificateThumbprint: thumbprints(pemToDer(held.certificatePem)).sha256 },
  };
}

/** Gives a TPM its symmetric key: one of its own, or the one that the group's key gives. Only the service keeps a copy. */
export async function issueTpmSymmetricKey(
  { registrationId, enrollment }: DeviceSpec,
  plan: IssuePlan,
  { symmetricGroup }: FleetAuthority,
  hardware: DeviceHardware,
): Promise<Issued> {
  const enrolledKey =
    enrollment === 'group'
      ? toBase64(deriveGroupDeviceKey(fromBase64(symmetricGroup.primaryKey), registrationId))
      : newSymmetricKey();
  const secret = fromBase64(plan.key === 'enrolled' ? enrolledKey : newSymmetricKey());
  const { tpm, result } = await useTpm(registrationId, hardware, async (client, signal) => {
    const key = await wrapHmacKey(client, secret, signal);
    return { key, custody: await readTpmCustody(client, key, signal) };
  });
  return {
    credentials: { kind: 'tpm-symmetric-key', ...wrapped(tpm, result.key) },
    attestation: {
      type: 'symmetricKey',
      symmetricKey: { primaryKey: enrolledKey, secondaryKey: newSymmetricKey() },
    },
    key: { custody: result.custody },
  };
}

/** An RSA key may need seconds. */
const makingDeadlineMs = 30_000;

async function useTpm<T>(
  registrationId: string,
  { tpm, tpmHost }: DeviceHardware,
  work: (client: TpmClient, signal: AbortSignal) => Promise<T>,
): Promise<{ readonly tpm: ManufacturedTpm; readonly result: T }> {
  if (tpm === undefined || tpmHost === undefined) {
    throw new InvariantError(`device ${registrationId} keeps its key in a TPM and was given none`);
  }
  const signal = AbortSignal.timeout(makingDeadlineMs);
  await using hosted = await tpmHost.open(tpm, signal);
  return { tpm, result: await hosted.use((transport) => work(createTpmClient(transport), signal), signal) };
}

const wrapped = (
  { tpmId, stateFile }: ManufacturedTpm,
  { inPrivate, inPublic }: DeviceKey,
): { tpmId: string; stateFile: string; key: WrappedKey } => ({
  tpmId,
  stateFile,
  key: { inPrivate: toBase64(inPrivate), inPublic: toBase64(inPublic) },
});
