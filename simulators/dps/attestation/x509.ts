import { toError } from '../../kernel/errors.ts';
import {
  type Authority,
  createAuthorityCache,
  hasIssued,
  invalidAt,
  type Leaf,
  readLeaf,
} from '../../pki/certificate-chain.ts';
import { readCertificateFields } from '../../pki/certificate-fields.ts';
import type { X509CertificateInfo } from '../../wire/device-api.ts';
import type { HubAuthentication } from '../../wire/hub-api.ts';
import { serviceTime } from '../../wire/service-time.ts';
import { isDisabled } from '../enrollment-entry.ts';
import type { EnrolledAuthority } from '../group-index.ts';
import { refusals } from '../refusal.ts';
import { idKey } from '../registration-id.ts';
import { admitted, type Decision, type Refused, refused } from './admission.ts';
import type { AttestationContext } from './attest.ts';
import { thumbprintOf } from './enrolled-certificate.ts';

/** DER, leaf first, as sent in the TLS handshake (which proved possession of the leaf's key). */
export type ClientChain = readonly Uint8Array[];
type AttestX509 = (registrationId: string, chain: ClientChain) => Decision;

interface Verified {
  readonly registrationId: string;
  readonly generation: number;
  readonly decision: Decision;
  readonly untilMs: number;
}

/** More than any sane PKI has; it bounds what a client can make us verify. */
const LONGEST_CHAIN = 10;
/** How long a verified chain is believed before its enrolled CA's validity is looked at again. */
const VERIFIED_FOR_MS = 60_000;

/**
 * Makes the check of client certificates: CN = registrationId, validity, then the individual enrollment of that id by
 * thumbprint, else the groups, by the first enrolled CA met on the way up.
 *
 * What was found for one connection's chain is kept while the enrollments stay as they are: register and its status
 * queries come over one connection, and a signature check costs more than all the rest of a request.
 */
export function createX509Attestation(context: AttestationContext): AttestX509 {
  const { enrollments, clock } = context;
  const authorityOf = createAuthorityCache();
  const verified = new WeakMap<ClientChain, Verified>();
  return (registrationId, chain) => {
    const nowMs = clock.nowMs();
    const { generation } = enrollments;
    const known = verified.get(chain);
    if (
      known?.registrationId === registrationId &&
      known.generation === generation &&
      nowMs < known.untilMs
    ) {
      return known.decision;
    }
    const read = readChain(chain, authorityOf);
    if ('kind' in read) return read;
    const decision = decide(registrationId, read, context);
    const untilMs = Math.min(
      nowMs + VERIFIED_FOR_MS,
      ...[read.leaf, ...read.sent].map(({ validToMs }) => validToMs),
    );
    if (decision.kind === 'admitted') verified.set(chain, { registrationId, generation, decision, untilMs });
    return decision;
  };
}

interface ParsedChain {
  readonly leaf: Leaf;
  readonly sent: readonly Authority[];
}

function readChain(chain: ClientChain, authorityOf: (der: Uint8Array) => Authority): ParsedChain | Refused {
  const [leaf, ...others] = chain;
  if (leaf === undefined) return refused(refusals.notAuthorizedHere('no client certificate'));
  if (chain.length > LONGEST_CHAIN) {
    return refused(refusals.invalidCertificate(`the chain has ${chain.length} certificates`));
  }
  try {
    return { leaf: readLeaf(leaf), sent: others.map(authorityOf) };
  } catch (error) {
    return refused(
      refusals.invalidCertificate(`a client certificate cannot be read: ${toError(error).message}`),
    );
  }
}

function decide(registrationId: string, chain: ParsedChain, context: AttestationContext): Decision {
  const { leaf } = chain;
  const commonName = leaf.fields.commonNames.at(-1);
  if (commonName === undefined || idKey(commonName) !== idKey(registrationId)) {
    const found = commonName ?? '(none)';
    return refused(refusals.invalidCertificate(`CN ${found} is not the registrationId ${registrationId}`));
  }
  const individual = context.enrollments.individual(registrationId);
  const areDatesIgnored =
    individual?.kind === 'x509' && context.rules['individual-certificate-dates'] === 'ignored';
  const invalid = areDatesIgnored ? undefined : invalidAt(leaf, context.clock.nowMs());
  if (invalid !== undefined) return refused(refusals.invalidCertificate(`the certificate is ${invalid}`));

  if (individual === undefined) return attestByGroup(chain, context);
  if (individual.kind === 'x509') {
    return individual.thumbprints.includes(thumbprintOf(leaf.certificate))
      ? admitted(individual, () => ({
          state: { x509: {} },
          authentication: selfSigned(individual.thumbprints),
        }))
      : refused(refusals.invalidCertificate(`not one of the certificates enrolled for ${registrationId}`));
  }
  if (isDisabled(individual)) {
    // A disabled entry of any kind blocks a device of a group: who disables it need not hold its certificate.
    const byGroup = attestByGroup(chain, context);
    return byGroup.kind === 'admitted' ? admitted(individual, byGroup.assign) : byGroup;
  }
  const reason = `${registrationId} is enrolled by ${individual.kind}, a certificate was presented`;
  return refused(refusals.notAuthorizedHere(reason));
}

/** Climbs from the leaf: at each step the issuer is an enrolled CA (done) or a certificate that was sent (go on). */
function attestByGroup({ leaf, sent }: ParsedChain, { enrollments, clock }: AttestationContext): Decision {
  const nowMs = clock.nowMs();
  let current = leaf.certificate;
  for (let below = 0; below <= sent.length; below += 1) {
    const issuers = [...enrollments.authoritiesNamed(current.issuer)].filter(({ authority }) =>
      hasIssued(authority, current, below),
    );
    // A CA that was renewed is enrolled twice under one name and key: one of the two being valid is enough.
    const usable = issuers.find(({ authority }) => invalidAt(authority, nowMs) === undefined);
    if (usable !== undefined) return admitByGroup(leaf, usable);
    const [expired] = issuers;
    if (expired !== undefined) {
      const reason = `the CA of group ${expired.group.enrollmentId} is ${invalidAt(expired.authority, nowMs)}`;
      return refused(refusals.invalidCertificate(reason));
    }
    const next = sent.find(
      (candidate) => candidate.certificate !== current && hasIssued(candidate, current, below),
    );
    if (next === undefined) break;
    const invalid = invalidAt(next, nowMs);
    if (invalid !== undefined) {
      return refused(
        refusals.invalidCertificate(`intermediate ${oneLine(next.certificate.subject)} is ${invalid}`),
      );
    }
    current = next.certificate;
  }
  const reason = `the chain of ${sent.length + 1} ends at issuer ${oneLine(current.issuer)}, which no group has enrolled`;
  return refused(refusals.certificateAuthorityNotFound(reason));
}

function admitByGroup(leaf: Leaf, { group, authority }: EnrolledAuthority): Decision {
  return admitted(group, () => ({
    state: {
      x509: {
        certificateInfo: describe(leaf),
        enrollmentGroupId: group.enrollmentId,
        signingCertificateInfo: describe({
          ...authority,
          fields: readCertificateFields(authority.certificate.raw),
        }),
      },
    },
    authentication: selfSigned([thumbprintOf(leaf.certificate)]),
  }));
}

/** The hub knows a device by the certificates themselves, also where DPS knew it by their CA. */
const selfSigned = ([primary, secondary]: readonly string[]): HubAuthentication => ({
  type: 'selfSigned',
  primaryThumbprint: primary ?? null,
  secondaryThumbprint: secondary ?? null,
});

/** All eight members: the Java SDK refuses an object that lacks one. */
function describe({ certificate, fields, validFromMs, validToMs }: Leaf): X509CertificateInfo {
  return {
    subjectName: oneLine(certificate.subject),
    sha1Thumbprint: certificate.fingerprint.replaceAll(':', ''),
    sha256Thumbprint: thumbprintOf(certificate),
    issuerName: oneLine(certificate.issuer),
    notBeforeUtc: serviceTime(validFromMs),
    notAfterUtc: serviceTime(validToMs),
    serialNumber: certificate.serialNumber,
    version: fields.version,
  };
}

/** node:crypto prints one attribute a line; line feeds in a value are escaped. */
const oneLine = (name: string): string => name.replaceAll('\n', ', ');
