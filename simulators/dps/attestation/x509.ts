import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import type { X509CertificateInfo } from '../../wire/device-api.ts';
import type { EnrollmentStore, X509Group } from '../enrollment-store.ts';
import { refusals } from '../refusal.ts';
import { serviceTime } from '../service-time.ts';
import { type Decision, refused } from './admission.ts';
import { commonNameOf, invalidAt, issued, thumbprintOf } from './certificate-chain.ts';

/**
 * Checks a client certificate: CN = registrationId, validity, then the individual enrollment of that id by thumbprint,
 * else the groups, by the first enrolled CA met on the way up.
 */
export function attestX509(
  registrationId: string,
  der: readonly Uint8Array[],
  { enrollments, clock }: { readonly enrollments: EnrollmentStore; readonly clock: Clock },
): Decision {
  let chain: X509Certificate[];
  try {
    chain = der.map((bytes) => new X509Certificate(bytes));
  } catch (error) {
    return refused(
      refusals.invalidCertificate(`the client certificate cannot be read: ${toError(error).message}`),
    );
  }
  const [leaf, ...others] = chain;
  if (leaf === undefined) return refused(refusals.notAuthorizedHere('no client certificate'));
  const commonName = commonNameOf(leaf);
  if (commonName?.toLowerCase() !== registrationId.toLowerCase()) {
    return refused(
      refusals.invalidCertificate(`CN ${commonName ?? '(none)'} is not the registrationId ${registrationId}`),
    );
  }
  const invalid = invalidAt(leaf, clock.nowMs());
  if (invalid !== undefined) return refused(refusals.invalidCertificate(`the certificate is ${invalid}`));

  const individual = enrollments.individual(registrationId);
  if (individual !== undefined) {
    // A disabled entry blocks the device whatever its attestation is: it need not hold the certificate.
    if (individual.enrollment.provisioningStatus === 'disabled')
      return { ...individual.admission, stateMember: () => ({}) };
    if (individual.kind !== 'x509') {
      return refused(
        refusals.notAuthorizedHere(
          `${registrationId} is enrolled by ${individual.kind}, a certificate was presented`,
        ),
      );
    }
    return individual.thumbprints.includes(thumbprintOf(leaf))
      ? { ...individual.admission, stateMember: () => ({ x509: {} }) }
      : refused(
          refusals.invalidCertificate(`the certificate is neither of the two enrolled for ${registrationId}`),
        );
  }
  return attestByGroup(registrationId, leaf, others, { enrollments, clock });
}

/** Climbs from the leaf: at each step the issuer is an enrolled CA (done) or a certificate that was sent (go on). */
function attestByGroup(
  registrationId: string,
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  { enrollments, clock }: { readonly enrollments: EnrollmentStore; readonly clock: Clock },
): Decision {
  let current = leaf;
  for (let depth = 0; depth <= sent.length; depth += 1) {
    const group = enrollments
      .groupsIssuing(current.issuer)
      .find(({ certificate }) => issued(certificate, current));
    if (group !== undefined) {
      const expired = invalidAt(group.certificate, clock.nowMs());
      if (expired !== undefined)
        return refused(
          refusals.invalidCertificate(`the CA of group ${group.group.enrollmentId} is ${expired}`),
        );
      return admitByGroup(registrationId, leaf, group);
    }
    const below = current;
    const next = sent.find((candidate) => candidate !== below && issued(candidate, below));
    if (next === undefined) break;
    const invalid = invalidAt(next, clock.nowMs());
    if (invalid !== undefined)
      return refused(refusals.invalidCertificate(`intermediate ${next.subject} is ${invalid}`));
    current = next;
  }
  const count = sent.length + 1;
  const reason = `the chain of ${count} certificate(s) ends at issuer ${current.issuer.replaceAll('\n', ', ')}, which no group has enrolled`;
  return refused(refusals.certificateAuthorityNotFound(reason));
}

function admitByGroup(
  registrationId: string,
  leaf: X509Certificate,
  { group, certificate }: X509Group,
): Decision {
  return {
    kind: 'admitted',
    enrollment: group.enrollment,
    enrollmentId: group.enrollmentId,
    deviceId: registrationId,
    stateMember: () => ({
      x509: {
        certificateInfo: describe(leaf),
        enrollmentGroupId: group.enrollmentId,
        signingCertificateInfo: describe(certificate),
      },
    }),
  };
}

/** All eight members: the Java SDK refuses an object that lacks one. */
function describe(certificate: X509Certificate): X509CertificateInfo {
  return {
    subjectName: certificate.subject.split('\n').join(', '),
    sha1Thumbprint: certificate.fingerprint.replaceAll(':', ''),
    sha256Thumbprint: thumbprintOf(certificate),
    issuerName: certificate.issuer.split('\n').join(', '),
    notBeforeUtc: serviceTime(certificate.validFromDate.getTime()),
    notAfterUtc: serviceTime(certificate.validToDate.getTime()),
    serialNumber: certificate.serialNumber,
    version: 3,
  };
}
