import { createHash } from 'node:crypto';
import { toHex } from '../kernel/bytes.ts';
import { deriveGroupDeviceKey } from '../wire/group-key.ts';
import { parseEnrolledCertificate } from './attestation/enrolled-certificate.ts';
import { isDisabled } from './enrollment-entry.ts';
import type { StoredGroup } from './enrollment-records.ts';
import type { StoredIndividual } from './enrollment-store.ts';

/** What the service knows of a device that it did not let in. Keys are in it as digests only: SHA-256, hexadecimal. */
export interface EnrollmentEvidence {
  readonly registrationId: string;
  readonly individual: EnrolledEvidence | null;
  /** All groups, as no device names its own; not more than a few. */
  readonly groups: readonly GroupEvidence[];
  /** Why the last request of this device was refused, as the emulator wrote it down. */
  readonly refusal: string | null;
  /** The last thing that it asked DPS for, when that was answered; `null` when nothing of it is on record. */
  readonly lastRequest: AnsweredRequest | null;
  /** What it registered as, in its hub. */
  readonly hubIdentity: HubIdentityEvidence | null;
}

/** Of the request log. */
export interface AnsweredRequest {
  readonly operation: 'register' | 'poll';
  readonly status: number;
  readonly retryAfterSeconds?: number | undefined;
}

export interface HubIdentityEvidence {
  readonly hub: string;
  readonly deviceId: string;
  readonly status: 'enabled' | 'disabled' | 'gone';
}

/** An enrollment without its secrets, with what a device's proof is compared with. */
export interface EnrolledEvidence {
  readonly enrollmentId: string;
  readonly kind: 'symmetric-key' | 'x509' | 'tpm';
  readonly disabled: boolean;
  /** When it was stored last; Unix milliseconds. */
  readonly enrolledAtMs: number;
  /** Digests of its symmetric keys. */
  readonly keys: readonly string[];
  /** Digest of its EK. */
  readonly endorsementKey: string | null;
  readonly certificates: readonly EnrolledCertificateEvidence[];
  /** Hubs that it is bound to and that are not linked. */
  readonly unlinkedHubs: readonly string[];
  readonly webhook: string | null;
}

export interface EnrolledCertificateEvidence {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256, hexadecimal. */
  readonly thumbprint: string;
  readonly isCa: boolean;
  /** Unix milliseconds. */
  readonly notAfterMs: number;
}

/** A group, with the keys that this one device could have made of the group's. */
export interface GroupEvidence extends EnrolledEvidence {
  readonly derivedKeys: readonly string[];
  readonly derivedTwice: readonly string[];
  /** From the registrationId with its letters all small, or all capital. */
  readonly derivedFromOtherCase: readonly string[];
}

const MOST_GROUPS = 20;

/** @param isLinked whether a hub belongs to the instance */
export function enrollmentEvidence(
  registrationId: string,
  {
    individual,
    groups,
    refusal,
    lastRequest,
    hubIdentity,
    isLinked,
  }: {
    readonly individual: StoredIndividual | undefined;
    readonly groups: Iterable<StoredGroup>;
    readonly refusal: string | undefined;
    readonly lastRequest: AnsweredRequest | undefined;
    readonly hubIdentity: HubIdentityEvidence | undefined;
    readonly isLinked: (hub: string) => boolean;
  },
): EnrollmentEvidence {
  return {
    registrationId,
    individual: individual === undefined ? null : enrolled(individual, isLinked),
    groups: Iterator.from(groups)
      .take(MOST_GROUPS)
      .map((group) => ({ ...enrolled(group, isLinked), ...derivedBy(group, registrationId) }))
      .toArray(),
    refusal: refusal ?? null,
    lastRequest: lastRequest ?? null,
    hubIdentity: hubIdentity ?? null,
  };
}

function enrolled(
  entry: StoredIndividual | StoredGroup,
  isLinked: (hub: string) => boolean,
): EnrolledEvidence {
  const { enrollment, enrollmentId, kind } = entry;
  return {
    enrollmentId,
    kind,
    disabled: isDisabled(entry),
    enrolledAtMs: entry.stamp.updatedAtMs,
    keys: kind === 'symmetric-key' ? entry.keys.map(digest) : [],
    endorsementKey: kind === 'tpm' ? digest(entry.endorsementKey) : null,
    certificates: certificatesOf(entry),
    unlinkedHubs: (enrollment.iotHubs ?? []).filter((hub) => !isLinked(hub)),
    webhook: enrollment.customAllocationDefinition?.webhookUrl ?? null,
  };
}

function certificatesOf(entry: StoredIndividual | StoredGroup): readonly EnrolledCertificateEvidence[] {
  const { attestation } = entry.enrollment;
  if ('authorities' in entry)
    return entry.authorities.map(({ certificate }) => certificateEvidence(certificate));
  if (attestation.type !== 'x509') return [];
  const { primary, secondary } = attestation.x509.clientCertificates ?? {};
  return [primary, secondary].flatMap((one) =>
    one === undefined ? [] : [certificateEvidence(parseEnrolledCertificate(one.certificate))],
  );
}

const certificateEvidence = (
  certificate: ReturnType<typeof parseEnrolledCertificate>,
): EnrolledCertificateEvidence => ({
  subject: certificate.subject.replaceAll('\n', ', '),
  issuer: certificate.issuer.replaceAll('\n', ', '),
  thumbprint: digest(certificate.raw),
  isCa: certificate.ca,
  notAfterMs: certificate.validToDate.getTime(),
});

function derivedBy(
  group: StoredGroup,
  registrationId: string,
): Pick<GroupEvidence, 'derivedKeys' | 'derivedTwice' | 'derivedFromOtherCase'> {
  const keys = group.kind === 'symmetric-key' ? group.keys : [];
  const otherCases = [registrationId.toLowerCase(), registrationId.toUpperCase()].filter(
    (id) => id !== registrationId,
  );
  return {
    derivedKeys: keys.map((key) => digest(deriveGroupDeviceKey(key, registrationId))),
    derivedTwice: keys.map((key) =>
      digest(deriveGroupDeviceKey(deriveGroupDeviceKey(key, registrationId), registrationId)),
    ),
    derivedFromOtherCase: keys.flatMap((key) =>
      otherCases.map((id) => digest(deriveGroupDeviceKey(key, id))),
    ),
  };
}

const digest = (bytes: Uint8Array): string => toHex(createHash('sha256').update(bytes).digest());
