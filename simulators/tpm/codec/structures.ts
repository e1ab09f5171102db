import { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import { TPM_ALG, TPM_CAP, TPM_RH } from './constants.ts';

/** TPMS_PCR_SELECTION, Part 2 §10.6.2. */
export interface PcrSelection {
  readonly hashAlg: number;
  /** PCR numbers in ascending order. */
  readonly pcrs: readonly number[];
}

/** TPMT_TK_AUTH and its like: a proof that the TPM gives itself (Part 2 §10.7). */
export interface Ticket {
  readonly tag: number;
  readonly hierarchy: number;
  readonly digest: Uint8Array;
}

/** TPMT_SIGNATURE, Part 2 §11.3.4, by the asymmetric schemes of TLS. Numbers may lack leading zero bytes. */
export type Signature =
  | { readonly kind: 'rsa'; readonly algorithm: number; readonly hashAlg: number; readonly sig: Uint8Array }
  | { readonly kind: 'ecdsa'; readonly hashAlg: number; readonly r: Uint8Array; readonly s: Uint8Array };

/** TPMU_CAPABILITIES, Part 2 §10.10.1. */
export type CapabilityData =
  | { readonly kind: 'algorithms'; readonly algorithms: readonly { alg: number; attributes: number }[] }
  | { readonly kind: 'handles'; readonly handles: readonly number[] }
  /** TPMA_CC: the command code in the low 16 bits, attributes above. */
  | { readonly kind: 'commands'; readonly commandAttributes: readonly number[] }
  | { readonly kind: 'pcrs'; readonly selections: readonly PcrSelection[] }
  | { readonly kind: 'properties'; readonly properties: ReadonlyMap<number, number> }
  /** A capability that this codec does not take apart. */
  | { readonly kind: 'other'; readonly capability: number; readonly bytes: Uint8Array };

/** TPMS_NV_PUBLIC, Part 2 §13.5. */
export interface NvPublic {
  readonly nvIndex: number;
  readonly nameAlg: number;
  readonly attributes: number;
  readonly authPolicy: Uint8Array;
  /** Bytes. */
  readonly dataSize: number;
}

/** A 32-bit count, then as many elements. */
export function readList<T>(reader: ByteReader, what: string, readElement: () => T): T[] {
  const count = reader.u32(`${what} count`);
  const elements: T[] = [];
  // Not Array.from: the count is the peer's, and reading ends with a CodecError when there are fewer elements.
  for (let read = 0; read < count; read += 1) elements.push(readElement());
  return elements;
}

/** TPML_PCR_SELECTION with the 24 PCRs of a PC client. */
export function writePcrSelections(writer: ByteWriter, selections: readonly PcrSelection[]): void {
  writer.u32(selections.length);
  for (const { hashAlg, pcrs } of selections) {
    const bitmap = new Uint8Array(3);
    for (const pcr of pcrs) bitmap[pcr >>> 3] = (bitmap[pcr >>> 3] ?? 0) | (1 << (pcr & 7));
    writer.u16(hashAlg).u8(bitmap.length).bytes(bitmap);
  }
}

export const readPcrSelections = (reader: ByteReader): PcrSelection[] =>
  readList(reader, 'PCR selections', () => {
    const hashAlg = reader.u16('PCR hash');
    const bitmap = reader.bytes(reader.u8('sizeofSelect'), 'pcrSelect');
    const pcrs = Array.from({ length: bitmap.length * 8 }, (_, pcr) => pcr).filter(
      (pcr) => ((bitmap[pcr >>> 3] ?? 0) & (1 << (pcr & 7))) !== 0,
    );
    return { hashAlg, pcrs };
  });

export const readTicket = (reader: ByteReader): Ticket => ({
  tag: reader.u16('ticket tag'),
  hierarchy: reader.u32('ticket hierarchy'),
  digest: reader.sized('ticket digest'),
});

/** The ticket that stands for none: hierarchy NULL, no digest (Part 2 §10.7.1). */
export const writeNullTicket = (writer: ByteWriter, tag: number): void => {
  writer.u16(tag).u32(TPM_RH.NULL).u16(0);
};

/** @throws CodecError for a signature that is neither RSASSA, RSAPSS nor ECDSA */
export function readSignature(reader: ByteReader): Signature {
  const at = reader.offset;
  const algorithm = reader.u16('sigAlg');
  switch (algorithm) {
    case TPM_ALG.RSASSA:
    case TPM_ALG.RSAPSS:
      return { kind: 'rsa', algorithm, hashAlg: reader.u16('signature hash'), sig: reader.sized('sig') };
    case TPM_ALG.ECDSA:
      return {
        kind: 'ecdsa',
        hashAlg: reader.u16('signature hash'),
        r: reader.sized('signatureR'),
        s: reader.sized('signatureS'),
      };
    default:
      throw new CodecError(
        `signature algorithm 0x${algorithm.toString(16).padStart(4, '0')} is not known`,
        at,
        'TPM_ALG_RSASSA, TPM_ALG_RSAPSS or TPM_ALG_ECDSA',
      );
  }
}

/** TPMS_CAPABILITY_DATA. */
export function readCapabilityData(reader: ByteReader): CapabilityData {
  const capability = reader.u32('capability');
  switch (capability) {
    case TPM_CAP.ALGS:
      return {
        kind: 'algorithms',
        algorithms: readList(reader, 'algorithms', () => ({
          alg: reader.u16('alg'),
          attributes: reader.u32('algProperties'),
        })),
      };
    case TPM_CAP.HANDLES:
      return { kind: 'handles', handles: readList(reader, 'handles', () => reader.u32('handle')) };
    case TPM_CAP.COMMANDS:
      return {
        kind: 'commands',
        commandAttributes: readList(reader, 'commands', () => reader.u32('commandAttributes')),
      };
    case TPM_CAP.PCRS:
      return { kind: 'pcrs', selections: readPcrSelections(reader) };
    case TPM_CAP.TPM_PROPERTIES:
      return {
        kind: 'properties',
        properties: new Map(
          readList(reader, 'properties', () => [reader.u32('property'), reader.u32('value')] as const),
        ),
      };
    default:
      return { kind: 'other', capability, bytes: reader.rest() };
  }
}

/** TPM2B_NV_PUBLIC. */
export function readTpm2bNvPublic(reader: ByteReader): NvPublic {
  const inner = new ByteReader(reader.sized('nvPublic'));
  const nvPublic = {
    nvIndex: inner.u32('nvIndex'),
    nameAlg: inner.u16('nameAlg'),
    attributes: inner.u32('attributes'),
    authPolicy: inner.sized('authPolicy'),
    dataSize: inner.u16('dataSize'),
  };
  inner.end('TPMS_NV_PUBLIC');
  return nvPublic;
}

/** TPM2B_SENSITIVE_CREATE (Part 2 §11.1.15): the new object's password, and data to seal or none. */
export const encodeSensitiveCreate = (userAuth: Uint8Array, data: Uint8Array): Uint8Array =>
  new ByteWriter().sized(userAuth).sized(data).finish();
