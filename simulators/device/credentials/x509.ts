import type { IssuePlan } from '../../faults/device-fault.ts';
import {
  type CertifiedKey,
  type DeviceCertificateRequest,
  openTestPki,
  type PkiBundle,
  type TestPki,
} from '../../pki/test-pki.ts';
import type { DeviceSpec } from '../device-spec.ts';
import type { FleetAuthority } from './fleet-authority.ts';
import type { Issued } from './issue-credentials.ts';

const DAY_MS = 86_400_000;

/**
 * A certificate under the fleet's intermediate, for a group; a self-signed one, which is enrolled by its
 * thumbprint, for an individual enrollment.
 */
export async function issueX509(
  { enrollment, keyAlgorithm = 'ec-p256' }: DeviceSpec,
  { key, certificate }: IssuePlan,
  authority: FleetAuthority,
): Promise<Issued> {
  const pki = await opened(certificate.authority === 'enrolled' ? authority.pki : authority.unknownPki);
  const request = { ...certificateRequest(enrollment, certificate), keyAlgorithm };
  const held = await pki.issueDeviceCertificate(request);
  const enrolled = key === 'enrolled' ? held : await pki.issueDeviceCertificate(request);
  return {
    credentials: {
      kind: 'x509',
      certificateChainPem: sent(held, certificate.sends),
      privateKeyPem: held.privateKeyPem,
    },
    attestation: {
      type: 'x509',
      x509: { clientCertificates: { primary: { certificate: enrolled.certificatePem } } },
    },
  };
}

/** What is asked of the authority for a device. */
export const certificateRequest = (
  enrollment: DeviceSpec['enrollment'],
  { commonName, life }: IssuePlan['certificate'],
): Omit<DeviceCertificateRequest, 'keyAlgorithm'> => ({
  commonName,
  issuer: enrollment === 'group' ? 'intermediate' : 'self',
  ...(life === 'expired' ? expiredYesterday() : {}),
});

/** What a device sends of its chain. */
export const sent = (issued: CertifiedKey, what: IssuePlan['certificate']['sends']): string =>
  what === 'chain' ? issued.chainPem : issued.certificatePem;

function expiredYesterday(): Pick<DeviceCertificateRequest, 'notBefore' | 'notAfter'> {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs - 30 * DAY_MS), notAfter: new Date(nowMs - DAY_MS) };
}

const openedBundles = new WeakMap<PkiBundle, Promise<TestPki>>();

/** Opening an authority parses its keys: once for each, not once for each device. */
export function opened(bundle: PkiBundle): Promise<TestPki> {
  let pki = openedBundles.get(bundle);
  if (pki === undefined) {
    pki = openTestPki(bundle);
    openedBundles.set(bundle, pki);
  }
  return pki;
}
