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
  { key, certificate, enrollment: { certificate: enrolledOne } }: IssuePlan,
  authority: FleetAuthority,
): Promise<Issued> {
  const pki = await opened(certificate.authority === 'enrolled' ? authority.pki : authority.unknownPki);
  const request = { ...certificateRequest(enrollment, certificate), keyAlgorithm };
  const held = await pki.issueDeviceCertificate(request);
  const other = key !== 'enrolled' || enrolledOne === 'newer';
  const enrolled = other ? await pki.issueDeviceCertificate(request) : held;
  return {
    credentials: {
      kind: 'x509',
      certificateChainPem: sent(held, certificate.sends),
      privateKeyPem: held.privateKeyPem,
    },
    attestation: {
      type: 'x509',
      x509: {
        clientCertificates: {
          primary: {
            certificate: enrolledOne === 'root' ? authority.pki.rootPem : enrolled.certificatePem,
          },
        },
      },
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
  ...lives[life](),
});

/** What a device sends of its chain. */
export const sent = (issued: CertifiedKey, what: IssuePlan['certificate']['sends']): string =>
  what === 'chain' ? issued.chainPem : issued.certificatePem;

type Life = Pick<DeviceCertificateRequest, 'notBefore' | 'notAfter'>;

const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

const lives: Readonly<Record<IssuePlan['certificate']['life'], () => Life>> = {
  current: () => ({}),
  expired: () => ({ notBefore: daysFromNow(-30), notAfter: daysFromNow(-1) }),
  'not-yet-valid': () => ({ notBefore: daysFromNow(1), notAfter: daysFromNow(30) }),
};

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
