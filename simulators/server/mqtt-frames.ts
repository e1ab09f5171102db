import { CodecError } from '../kernel/errors.ts';

/** A packet may spend up to four bytes on its length. @see MQTT 3.1.1 §2.2.3 */
const LENGTH_BYTES = 4;

/**
 * Cuts a stream of bytes into whole MQTT packets. The library would collect a packet of 256 MB before it says a word;
 * here a packet that is too long is refused by its first bytes.
 */
export class MqttFrames {
  readonly #maxPacketBytes: number;
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes that `#pending` needs before it is worth another look. */
  #wanted = 2;
  #later: Buffer[] = [];
  #laterBytes = 0;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /**
   * Takes what came in and gives each packet that is whole now.
   *
   * @throws CodecError for a length that is malformed or above the limit; nothing of the stream can be read after it
   */
  *push(chunk: Buffer): Generator<Buffer, void> {
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
    if (this.#pending.length + this.#laterBytes < this.#wanted) return;
    this.#pending = this.#pending.length === 0 && this.#later.length === 1 ? chunk : this.#joined();
    this.#later = [];
    this.#laterBytes = 0;
    for (;;) {
      const length = packetLength(this.#pending);
      this.#wanted = length ?? this.#pending.length + 1;
      if (length !== undefined && length > this.#maxPacketBytes) {
        throw new CodecError(`MQTT packet of ${length} bytes`, 1, `at most ${this.#maxPacketBytes}`);
      }
      if (this.#pending.length < this.#wanted) return;
      const packet = this.#pending.subarray(0, this.#wanted);
      this.#pending = this.#pending.subarray(this.#wanted);
      yield packet;
    }
  }

  #joined(): Buffer {
    return Buffer.concat([this.#pending, ...this.#later]);
  }
}

/** Of the whole packet, its header included; `undefined` while that cannot be told. @throws CodecError */
function packetLength(bytes: Buffer): number | undefined {
  let remaining = 0;
  for (let index = 1; index <= LENGTH_BYTES; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) return 1 + index + remaining;
  }
  throw new CodecError('MQTT packet length is malformed', LENGTH_BYTES, 'at most four bytes');
}
