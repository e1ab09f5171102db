import type { DeviceRegistrationResult, X509CertificateInfo } from '../../wire/device-api.ts';
import type { AttestationMechanism, PrimarySecondary, X509CertificateEntry } from '../../wire/enrollment.ts';
import { serviceTime } from '../../wire/service-time.ts';
import { parseEnrolledCertificate } from '../attestation/enrolled-certificate.ts';
import type { StoredEnrollment } from '../enrollment-store.ts';
import { certificateInfo } from './certificate-info.ts';

/**
 * An enrollment as the service answers with it: certificates as their `info`, and what the service itself knows. Members
 * without a value are left out, as some clients take no `null` in a date.
 *
 * @param keys whether symmetric keys are shown: they are in the answer to PUT, and masked in every other
 */
export function enrollmentResource(
  { enrollment, stamp }: StoredEnrollment,
  {
    keys,
    registrationState,
  }: {
    readonly keys: 'shown' | 'masked';
    readonly registrationState?: DeviceRegistrationResult | undefined;
  },
): unknown {
  return {
    capabilities: { iotEdge: false },
    provisioningStatus: 'enabled',
    ...enrollment,
    attestation: attestationResource(enrollment.attestation, keys),
    ...(registrationState === undefined ? {} : { registrationState }),
    etag: stamp.etag,
    createdDateTimeUtc: serviceTime(stamp.createdAtMs),
    lastUpdatedDateTimeUtc: serviceTime(stamp.updatedAtMs),
  };
}

/** The attestation as the service answers with it. */
export function attestationResource(attestation: AttestationMechanism, keys: 'shown' | 'masked'): unknown {
  switch (attestation.type) {
    case 'symmetricKey':
      return { type: 'symmetricKey', symmetricKey: keys === 'shown' ? attestation.symmetricKey : {} };
    case 'tpm':
      return attestation;
    case 'x509': {
      const { clientCertificates, signingCertificates, caReferences } = attestation.x509;
      return {
        type: 'x509',
        x509: {
          ...(clientCertificates === undefined ? {} : { clientCertificates: infos(clientCertificates) }),
          ...(signingCertificates === undefined ? {} : { signingCertificates: infos(signingCertificates) }),
          ...(caReferences === undefined ? {} : { caReferences }),
        },
      };
    }
  }
}

type InfoOrNull = { readonly info: X509CertificateInfo } | null;

/** An empty slot is `null` in the service's answers. */
function infos({
  primary,
  secondary,
}: PrimarySecondary<X509CertificateEntry>): Required<PrimarySecondary<InfoOrNull>> {
  const info = (entry: X509CertificateEntry | undefined): InfoOrNull =>
    entry === undefined ? null : { info: certificateInfo(parseEnrolledCertificate(entry.certificate)) };
  return { primary: info(primary), secondary: info(secondary) };
}
