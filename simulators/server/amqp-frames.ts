import { ByteReader } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';

/** A field as far as a check of sizes and ranges needs it. */
export type ScannedField = number | boolean | undefined | 'other';

/** The outside of a frame: which performative, its fields, what follows it. */
export interface ScannedFrame {
  readonly type: 'amqp' | 'sasl';
  readonly channel: number;
  /** Code of the performative, e.g. 0x14; `undefined` for an empty frame (a heartbeat). */
  readonly performative: number | undefined;
  readonly fields: readonly ScannedField[];
  readonly payload: Uint8Array;
}

/** Deepest nesting of values; the protocol itself needs five levels. */
const MAX_DEPTH = 16;

/**
 * Walks over a whole frame without building its values: every size fits, every count fits its size, nothing is nested
 * without end. A decoder that trusts counts can be run on what passes.
 *
 * @param frame with its size field
 * @throws CodecError
 * @see AMQP 1.0 §2.3 framing, §1.2 type encodings
 */
export function scanFrame(frame: Uint8Array): ScannedFrame {
  const reader = new ByteReader(frame);
  const size = reader.u32('frame size');
  if (size !== frame.length) throw new CodecError('frame has a wrong size', 0, String(frame.length));
  const dataOffset = reader.u8('data offset');
  if (dataOffset < 2) throw new CodecError('data offset is too small', 4, 'at least 2');
  const typeCode = reader.u8('frame type');
  if (typeCode > 1) throw new CodecError(`frame type ${typeCode}`, 5, '0 or 1');
  const type = typeCode === 0 ? 'amqp' : 'sasl';
  const channel = reader.u16('channel');
  reader.bytes(dataOffset * 4 - 8, 'extended header');
  if (reader.remaining === 0) {
    return { type, channel, performative: undefined, fields: [], payload: new Uint8Array() };
  }
  const { performative, fields } = readPerformative(reader);
  return { type, channel, performative, fields, payload: reader.rest() };
}

/**
 * The same walk over the sections of a message.
 *
 * @throws CodecError
 */
export function scanSections(payload: Uint8Array): void {
  const reader = new ByteReader(payload);
  while (reader.remaining > 0) {
    const { offset } = reader;
    if (reader.u8('section') !== 0) throw new CodecError('section has no descriptor', offset, '0x00');
    skipValue(reader, 1);
    skipValue(reader, 1);
  }
}

function readPerformative(reader: ByteReader): { performative: number; fields: ScannedField[] } {
  const { offset } = reader;
  if (reader.u8('performative') !== 0) throw new CodecError('performative has no descriptor', offset, '0x00');
  const performative = skipValue(reader, 1);
  // A symbol is legal as descriptor; no client sends one.
  if (typeof performative !== 'number') {
    throw new CodecError('descriptor of the performative', offset + 1, 'a ulong');
  }
  const fields: ScannedField[] = [];
  const code = reader.u8('list');
  if (code === 0x45) return { performative, fields };
  if (code !== 0xc0 && code !== 0xd0) throw new CodecError('performative', offset, 'a list');
  readItems(reader, code, 1, (field) => fields.push(field));
  return { performative, fields };
}

/** Reads a constructor and passes over its value. */
function skipValue(reader: ByteReader, depth: number): ScannedField {
  const code = readConstructor(reader, depth);
  return skipPayload(reader, code, depth);
}

function readConstructor(reader: ByteReader, depth: number): number {
  if (depth > MAX_DEPTH) throw new CodecError('values are nested too deeply', reader.offset, `${MAX_DEPTH}`);
  const code = reader.u8('constructor');
  if (code !== 0) return code;
  skipValue(reader, depth + 1);
  return readConstructor(reader, depth + 1);
}

/** The upper half of a constructor tells how long the value is. AMQP 1.0 §1.2.2 */
function skipPayload(reader: ByteReader, code: number, depth: number): ScannedField {
  switch (code >> 4) {
    case 0x4:
      return constants[code];
    case 0x5:
      return small(code, reader.u8('value'));
    case 0x6:
      return reader.u16('value');
    case 0x7:
      return code === 0x70 ? reader.u32('value') : opaque(reader, 4);
    case 0x8:
      return code === 0x80 ? Number(reader.u64('value')) : opaque(reader, 8);
    case 0x9:
      return opaque(reader, 16);
    case 0xa:
      return opaque(reader, reader.u8('size'));
    case 0xb:
      return opaque(reader, reader.u32('size'));
    case 0xc:
    case 0xd:
      readItems(reader, code, depth);
      return 'other';
    case 0xe:
    case 0xf:
      readArray(reader, code, depth);
      return 'other';
    default:
      throw new CodecError(`constructor 0x${code.toString(16)}`, reader.offset - 1, 'a type of AMQP 1.0');
  }
}

function opaque(reader: ByteReader, length: number): 'other' {
  reader.bytes(length, 'value');
  return 'other';
}

const constants: Readonly<Record<number, ScannedField>> = {
  65: true,
  66: false,
  67: 0,
  68: 0,
  69: 'other', // an empty list
};

const small = (code: number, value: number): ScannedField => (code === 0x56 ? value !== 0 : value);

function readItems(
  reader: ByteReader,
  code: number,
  depth: number,
  onItem: (item: ScannedField) => void = () => undefined,
): void {
  const { count, end } = readSizeAndCount(reader, code >> 4 === 0xc);
  for (let item = 0; item < count; item += 1) onItem(skipValue(reader, depth + 1));
  checkEnd(reader, end);
}

function readArray(reader: ByteReader, code: number, depth: number): void {
  const { count, end } = readSizeAndCount(reader, code >> 4 === 0xe);
  const element = readConstructor(reader, depth + 1);
  for (let item = 0; item < count; item += 1) skipPayload(reader, element, depth + 1);
  checkEnd(reader, end);
}

/** Each item takes a byte or more, but for arrays of constants, which nobody sends: a count beyond the size is a bomb. */
function readSizeAndCount(reader: ByteReader, isShort: boolean): { count: number; end: number } {
  const size = isShort ? reader.u8('size') : reader.u32('size');
  const end = reader.offset + size;
  const count = isShort ? reader.u8('count') : reader.u32('count');
  if (count > size) throw new CodecError(`count ${count}`, reader.offset, `at most ${size}`);
  return { count, end };
}

function checkEnd(reader: ByteReader, end: number): void {
  if (reader.offset !== end) throw new CodecError('compound value has a wrong size', reader.offset, `${end}`);
}
