import { randomBytes, X509Certificate } from 'node:crypto';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { toError, UsageError } from '../../kernel/errors.ts';
import { type Authority, hasIssued, readAuthority } from '../../pki/certificate-chain.ts';
import { readCertificateFields } from '../../pki/certificate-fields.ts';
import { type Collection, entriesOf, type RecordStorage } from '../../storage/collection.ts';
import { createMemoryStorage } from '../../storage/memory-storage.ts';
import type { CaCertificateSummary } from '../dps-control.ts';
import { idKey } from '../registration-id.ts';
import { parseEnrolledCertificate } from './enrolled-certificate.ts';

interface CaCertificate {
  readonly name: string;
  readonly authority: Authority;
  readonly isVerified: boolean;
  /** Asked for and not yet answered. */
  readonly verificationCode: string | undefined;
}

/** A CA certificate as it is kept. */
export interface CaCertificateRecord {
  readonly name: string;
  /** base64 of DER. */
  readonly certificate: string;
  readonly isVerified: boolean;
  readonly verificationCode?: string | undefined;
}

/** A CA certificate as it was kept. @throws when it is none */
export function readCaCertificate(record: CaCertificateRecord): CaCertificate {
  const { name, certificate, isVerified, verificationCode } = record;
  const authority = readAuthority(new X509Certificate(fromBase64(certificate)));
  return { name, authority, isVerified, verificationCode };
}

/** CA certificates of the instance by name; a group may refer to one whose owner proved to hold its key. */
export class CaCertificates {
  readonly #byName = new Map<string, CaCertificate>();
  readonly #records: Collection<CaCertificateRecord>;

  constructor(storage: RecordStorage = createMemoryStorage()) {
    this.#records = storage.collection('ca-certificates');
  }

  /** Stores a certificate in any form that enrollments take, not verified. @throws UsageError */
  upload(name: string, text: string): void {
    const certificate = parse(name, text);
    if (!certificate.ca) throw new UsageError(`CA certificate ${name}: not the certificate of a CA`);
    const authority = readAuthority(certificate);
    this.#put(name, { name, authority, isVerified: false, verificationCode: undefined });
  }

  /** What the CN of the proof must be; each call makes another. @throws UsageError */
  requestVerification(name: string): string {
    const verificationCode = randomBytes(24).toString('hex').toUpperCase();
    this.#put(name, { ...this.#find(name), verificationCode });
    return verificationCode;
  }

  /** Takes a certificate with that CN, signed by the CA, as the proof. @throws UsageError when it is none */
  verify(name: string, proofText: string): void {
    const known = this.#find(name);
    const proof = parse(name, proofText);
    const { commonNames } = readCertificateFields(proof.raw);
    if (known.verificationCode === undefined || commonNames.at(-1) !== known.verificationCode) {
      throw new UsageError(`CA certificate ${name}: the CN of the proof is not the verification code`);
    }
    if (!hasIssued(known.authority, proof, 0)) {
      throw new UsageError(`CA certificate ${name}: the proof is not signed by this CA`);
    }
    this.#put(name, { ...known, isVerified: true, verificationCode: undefined });
  }

  /** All of them, by the name under which they were stored. */
  list(): CaCertificateSummary[] {
    return [...this.#byName.values()].map(summaryOf);
  }

  /** @throws UsageError when there is none of that name */
  get(name: string): CaCertificateSummary {
    return summaryOf(this.#find(name));
  }

  /** Groups that refer to it keep what they found when they were stored. @throws UsageError when there is none */
  remove(name: string): void {
    this.#find(name);
    this.#byName.delete(idKey(name));
    this.#records.delete(idKey(name));
  }

  /** The CA of that name if it is verified. */
  verified(name: string): Authority | undefined {
    const known = this.#byName.get(idKey(name));
    return known?.isVerified ? known.authority : undefined;
  }

  /** All that are verified, for hubs. */
  verifiedAuthorities(): Authority[] {
    return [...this.#byName.values()].flatMap(({ isVerified, authority }) => (isVerified ? [authority] : []));
  }

  clear(): void {
    this.#records.clear();
    this.#byName.clear();
  }

  /** Takes everything from storage anew. */
  reload(): void {
    this.#byName.clear();
    for (const { key, value } of entriesOf(this.#records)) {
      this.#byName.set(key, readCaCertificate(value));
    }
  }

  #put(name: string, known: CaCertificate): void {
    const { authority, isVerified, verificationCode } = known;
    const key = idKey(name);
    const certificate = toBase64(authority.certificate.raw);
    const record = { name, certificate, isVerified, verificationCode };
    this.#records.put(key, record, { sequence: this.#records.nextSequence });
    this.#byName.set(key, known);
  }

  #find(name: string): CaCertificate {
    const known = this.#byName.get(idKey(name));
    if (known === undefined) throw new UsageError(`there is no CA certificate ${name}`);
    return known;
  }
}

function summaryOf({ name, authority, isVerified }: CaCertificate): CaCertificateSummary {
  const { subject, fingerprint256, validTo } = authority.certificate;
  return {
    name,
    isVerified,
    subject: subject.replaceAll('\n', ', '),
    sha256Thumbprint: fingerprint256.replaceAll(':', ''),
    expiry: new Date(validTo).toISOString(),
  };
}

function parse(name: string, text: string): X509Certificate {
  try {
    return parseEnrolledCertificate(text);
  } catch (cause) {
    throw new UsageError(`CA certificate ${name}: not a certificate: ${toError(cause).message}`, { cause });
  }
}
