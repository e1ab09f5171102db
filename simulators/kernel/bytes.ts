import { CodecError } from './errors.ts';

/** Reads big-endian values off a byte string; every read is bounds-checked and names the offset when it fails. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what));
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what));
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, what));
  }

  /** A view, not a copy, of the next `length` bytes. */
  bytes(length: number, what: string): Uint8Array {
    const start = this.#advance(length, what);
    return this.#bytes.subarray(start, start + length);
  }

  /** TPM2B-style: a 16-bit size, then that many bytes. */
  sized(what: string): Uint8Array {
    return this.bytes(this.u16(`${what} size`), what);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest');
  }

  /** @throws CodecError when bytes are left over */
  end(what: string): void {
    if (this.remaining !== 0) {
      throw new CodecError(`${what} has ${this.remaining} trailing bytes`, this.#offset, 'the end');
    }
  }

  #advance(length: number, what: string): number {
    const start = this.#offset;
    if (start + length > this.#bytes.length) {
      throw new CodecError(
        `${what} is cut short`,
        start,
        `${length} bytes, ${this.#bytes.length - start} are left`,
      );
    }
    this.#offset = start + length;
    return start;
  }
}

/** Writes big-endian values into a growing byte string. */
export class ByteWriter {
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  u8(value: number): this {
    const offset = this.#grow(1);
    this.#view.setUint8(offset, value);
    return this;
  }

  u16(value: number): this {
    const offset = this.#grow(2);
    this.#view.setUint16(offset, value);
    return this;
  }

  u32(value: number): this {
    const offset = this.#grow(4);
    this.#view.setUint32(offset, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const offset = this.#grow(value.length);
    this.#buffer.set(value, offset);
    return this;
  }

  /** TPM2B-style: a 16-bit size, then the bytes. */
  sized(value: Uint8Array): this {
    return this.u16(value.length).bytes(value);
  }

  /** What was written so far, as a view of its own length. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Makes room, possibly in a new buffer and view: read those after the call, never before. */
  #grow(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}

/** The byte strings one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** @throws CodecError when the text is not an even number of hexadecimal digits (white space is allowed) */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, '');
  const wrong = digits.search(/[^0-9a-fA-F]/);
  if (wrong !== -1 || digits.length % 2 !== 0) {
    throw new CodecError(
      'hexadecimal text is malformed',
      wrong === -1 ? digits.length : wrong,
      'pairs of hexadecimal digits',
    );
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** @throws CodecError when the text is not padded standard base64 (RFC 4648 §4) */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new CodecError('base64 text is malformed', 0, 'padded standard base64 (RFC 4648 §4)');
  }
  return new Uint8Array(Buffer.from(text, 'base64'));
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
