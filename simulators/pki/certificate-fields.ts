import { ByteReader, toHex } from '../kernel/bytes.ts';

/** What a certificate says and node:crypto does not tell, or only as text made for people. */
export interface CertificateFields {
  /** 1, 2 or 3. */
  readonly version: number;
  /** Every CN of the subject, the most specific one last. */
  readonly commonNames: readonly string[];
  /** pathLenConstraint: how many intermediate CAs may stand below this one. */
  readonly pathLength: number | undefined;
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

const TAG = { boolean: 0x01, integer: 0x02, version: 0xa0, extensions: 0xa3 } as const;
const OID_COMMON_NAME = '550403';
const OID_BASIC_CONSTRAINTS = '551d13';

/**
 * Reads fields out of a certificate that node:crypto has accepted already.
 *
 * @throws CodecError when the DER is cut short
 * @see RFC 5280 §4.1 and §4.2.1.9
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const [certificate] = elements(der);
  const [toBeSigned] = elements(certificate?.content);
  const fields = elements(toBeSigned?.content);
  const hasVersion = fields[0]?.tag === TAG.version;
  // version?, serialNumber, signature, issuer, validity, subject, …
  const subject = fields[hasVersion ? 5 : 4];
  const extensions = fields.find(({ tag }) => tag === TAG.extensions);
  return {
    version: hasVersion ? (elements(fields[0]?.content)[0]?.content.at(-1) ?? 0) + 1 : 1,
    commonNames: commonNames(subject?.content),
    pathLength: pathLength(elements(extensions?.content)[0]?.content),
  };
}

/** Name: a sequence of sets of (type, value); a set has several where a name is multi-valued. */
function commonNames(subject: Uint8Array | undefined): string[] {
  return elements(subject)
    .flatMap((set) => elements(set.content))
    .flatMap((attribute) => {
      const [type, value] = elements(attribute.content);
      if (type === undefined || value === undefined || toHex(type.content) !== OID_COMMON_NAME) return [];
      return [decodeString(value)];
    });
}

/** Extension: type, critical?, an OCTET STRING around the value. */
function pathLength(extensions: Uint8Array | undefined): number | undefined {
  for (const extension of elements(extensions)) {
    const parts = elements(extension.content);
    if (parts[0] === undefined || toHex(parts[0].content) !== OID_BASIC_CONSTRAINTS) continue;
    const [constraints] = elements(parts.at(-1)?.content);
    const limit = elements(constraints?.content).find(({ tag }) => tag === TAG.integer);
    return limit?.content.reduce((value, octet) => value * 256 + octet, 0);
  }
  return undefined;
}

/** DirectoryString, RFC 5280 appendix A.1; the one-octet types are read as Latin-1, which ASCII is part of. */
function decodeString({ tag, content }: Element): string {
  switch (tag) {
    case 0x0c:
      return Buffer.from(content).toString('utf8');
    case 0x1e:
      return Buffer.from(content).swap16().toString('utf16le');
    default:
      return Buffer.from(content).toString('latin1');
  }
}

/** The elements that stand one after the other in a byte string (X.690 §8.1). */
function elements(der: Uint8Array | undefined): Element[] {
  if (der === undefined) return [];
  const reader = new ByteReader(der);
  const found: Element[] = [];
  while (reader.remaining > 0) {
    const tag = reader.u8('DER tag');
    found.push({ tag, content: reader.bytes(readLength(reader), 'DER content') });
  }
  return found;
}

function readLength(reader: ByteReader): number {
  const first = reader.u8('DER length');
  if (first < 0x80) return first;
  return reader.bytes(first & 0x7f, 'DER length').reduce((value, octet) => value * 256 + octet, 0);
}
