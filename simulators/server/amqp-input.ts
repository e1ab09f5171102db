import { CodecError } from '../kernel/errors.ts';
import { type ScannedFrame, scanFrame, scanSections } from './amqp-frames.ts';

/** Sent first by both sides, for each layer. AMQP 1.0 §2.2, §5.3.2 */
const HEADER_BYTES = 8;
const MAGIC = 0x414d5150; // `AMQP`: as a size it would be a gigabyte, so it cannot be taken for a frame
/** Clients of old keep to 512; a token and long ids may need more. */
const MAX_SASL_FRAME_BYTES = 4_096;
const MAX_UNFINISHED_DELIVERIES = 8;
/** No peer has more deliveries open than a session's window. */
const MAX_DISPOSITION_SPAN = 2_048;

const TRANSFER = 0x14;
const DISPOSITION = 0x15;

export interface AmqpInputLimits {
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
}

/** A piece of the stream that may be given to a decoder: checked, and whole. */
export type AmqpInputItem =
  | { readonly kind: 'header'; readonly protocolId: number; readonly bytes: Buffer }
  | { readonly kind: 'frame'; readonly type: ScannedFrame['type']; readonly bytes: Buffer };

/** A message longer than anybody takes here: the standard has a condition of its own for it. */
export class MessageTooLongError extends CodecError {
  constructor(length: number, most: number) {
    super('message is too long', length, `at most ${most} bytes`);
  }
}

/**
 * Cuts a stream of any chunks into headers and frames, and lets through only what a decoder can be trusted with: frames
 * and messages of bounded size, values whose counts fit. Holds at most one frame and one message back.
 */
export class AmqpInput {
  readonly #limits: AmqpInputLimits;
  /** Payloads of deliveries whose last frame has not come, by channel and handle. */
  readonly #unfinished = new Map<string, Buffer[]>();
  #pending: Buffer = Buffer.alloc(0);

  constructor(limits: AmqpInputLimits) {
    this.#limits = limits;
  }

  /** @throws CodecError; nothing of the stream can be read after it */
  *take(chunk: Buffer): Generator<AmqpInputItem> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const item = this.#next();
      if (item === undefined) return;
      yield item;
    }
  }

  #next(): AmqpInputItem | undefined {
    const pending = this.#pending;
    if (pending.length < HEADER_BYTES) return undefined;
    const size = pending.readUInt32BE(0);
    if (size === MAGIC) return readHeader(this.#cut(HEADER_BYTES));
    const isSasl = pending[5] === 1;
    const limit = isSasl ? MAX_SASL_FRAME_BYTES : this.#limits.maxFrameBytes;
    if (size < HEADER_BYTES || size > limit) {
      throw new CodecError(`frame of ${size} bytes`, 0, `${HEADER_BYTES} to ${limit}`);
    }
    if (pending.length < size) return undefined;
    const bytes = this.#cut(size);
    const frame = scanFrame(bytes);
    if (frame.performative === TRANSFER) this.#checkTransfer(frame);
    if (frame.performative === DISPOSITION) checkDisposition(frame);
    return { kind: 'frame', type: frame.type, bytes };
  }

  #cut(length: number): Buffer {
    const bytes = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return bytes;
  }

  /** Fields: handle, delivery-id, delivery-tag, message-format, settled, more, ..., aborted. AMQP 1.0 §2.7.5 */
  #checkTransfer({ channel, fields, payload }: ScannedFrame): void {
    const key = `${channel}/${String(fields[0])}`;
    const parts = [...(this.#unfinished.get(key) ?? []), Buffer.from(payload)];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > this.#limits.maxMessageBytes) {
      throw new MessageTooLongError(length, this.#limits.maxMessageBytes);
    }
    if (fields[9] === true) throw new CodecError('aborted delivery', 0, 'a delivery that is finished');
    if (fields[5] === true) {
      if (this.#unfinished.size >= MAX_UNFINISHED_DELIVERIES || parts.length > 1_024) {
        throw new CodecError('too many unfinished deliveries', 0, `${MAX_UNFINISHED_DELIVERIES}`);
      }
      this.#unfinished.set(key, parts);
      return;
    }
    this.#unfinished.delete(key);
    scanSections(Buffer.concat(parts));
  }
}

function readHeader(bytes: Buffer): AmqpInputItem {
  const [protocolId = -1, ...version] = bytes.subarray(4);
  if ((protocolId !== 0 && protocolId !== 3) || version.join('.') !== '1.0.0') {
    throw new CodecError(`protocol ${protocolId} ${version.join('.')}`, 4, '0 or 3, version 1.0.0');
  }
  return { kind: 'header', protocolId, bytes };
}

/** Fields: role, first, last. A decoder may walk from first to last. AMQP 1.0 §2.7.6 */
function checkDisposition({ fields }: ScannedFrame): void {
  const [, first, last] = fields;
  if (typeof first !== 'number') throw new CodecError('disposition has no first', 0, 'a delivery number');
  if (typeof last === 'number' && last - first > MAX_DISPOSITION_SPAN) {
    throw new CodecError(`disposition of ${last - first} deliveries`, 0, `at most ${MAX_DISPOSITION_SPAN}`);
  }
}
