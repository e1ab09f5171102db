import type { Socket } from 'node:net';
import { concatBytes } from '../../kernel/bytes.ts';
import { TransportError } from '../../kernel/errors.ts';

/**
 * Takes frames off a client's socket, as many bytes as the protocol says come next.
 *
 * Between frames a client may be silent for as long as it likes; within one it has `frameTimeoutMs`, after which its
 * connection is closed.
 */
export class FrameReader {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Uint8Array, undefined>;
  readonly #frameTimeoutMs: number;
  #received: Uint8Array = new Uint8Array(0);

  constructor(socket: Socket, frameTimeoutMs: number) {
    this.#socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array, undefined>;
    this.#frameTimeoutMs = frameTimeoutMs;
    socket.on('timeout', () => socket.destroy());
  }

  /** Waits for the next frame to begin; false when the client has closed instead. */
  async frameBegins(): Promise<boolean> {
    this.#socket.setTimeout(0);
    const begins = this.#received.length > 0 || (await this.#receive());
    this.#socket.setTimeout(this.#frameTimeoutMs);
    return begins;
  }

  /** The frame is complete: the time that the TPM takes is not the client's. */
  frameEnds(): void {
    this.#socket.setTimeout(0);
  }

  async u8(): Promise<number> {
    return Buffer.from(await this.bytes(1)).readUInt8();
  }

  async u32(): Promise<number> {
    return Buffer.from(await this.bytes(4)).readUInt32BE();
  }

  /** @throws TransportError when the client closes before they have come */
  async bytes(length: number): Promise<Uint8Array> {
    while (this.#received.length < length) {
      if (!(await this.#receive())) {
        throw new TransportError('receive', 'BRIDGE_FRAME_CUT', 'the client closed in the middle of a frame');
      }
    }
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  async #receive(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#received = this.#received.length === 0 ? next.value : concatBytes(this.#received, next.value);
    return true;
  }
}

/** The error for a client that does not keep to its protocol; it costs the client its connection. */
export const malformedFrame = (message: string): TransportError =>
  new TransportError('receive', 'BRIDGE_FRAME_MALFORMED', message);
