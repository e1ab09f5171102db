import { decorate } from '../decorators/decorate.ts';
import type { TpmTransport } from '../transport.ts';
import { commandCodeOf, responseCodeOf, responseHeaderLength } from '../transports/tpm-framing.ts';

/** Commands whose answer starts with the handle of a new session or transient object (TPM 2.0 Part 3). */
const creating: readonly number[] = [
  0x131, // CreatePrimary
  0x157, // Load
  0x15b, // HMAC_Start
  0x161, // ContextLoad
  0x167, // LoadExternal
  0x176, // StartAuthSession
  0x186, // HashSequenceStart
];
const flushContext = 0x165;
const sequenceComplete = 0x13e;

/** What a TPM still holds for whoever uses it through `transport`. */
export interface HandleTracker {
  /** The transport to use from now on. */
  readonly transport: TpmTransport;
  /**
   * Flushes every session and transient object that was made through the transport and not flushed since.
   *
   * @throws TransportError when the TPM cannot be reached
   */
  flushLeftovers(signal: AbortSignal): Promise<void>;
}

/** Watches the commands that pass for handles that are made and given up. */
export function trackHandles(inner: TpmTransport): HandleTracker {
  const open = new Set<number>();
  const send = async (command: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> => {
    const response = await inner.send(command, signal);
    note(open, command, response);
    return response;
  };
  return {
    transport: decorate(inner, { send }),
    flushLeftovers: async (signal) => {
      for (const handle of [...open]) {
        // Whatever the TPM answers: it has no such handle any more (a power cycle may have taken it), so no more can be done.
        await inner.send(flushCommand(handle), signal);
        open.delete(handle);
      }
    },
  };
}

function note(open: Set<number>, command: Uint8Array, response: Uint8Array): void {
  if (response.length < responseHeaderLength || responseCodeOf(response) !== 0) return;
  const commandCode = commandCodeOf(command);
  if (commandCode === undefined) return;
  if (creating.includes(commandCode)) {
    const handle = uint32At(response, responseHeaderLength);
    if (handle !== undefined) open.add(handle);
  }
  // Both name the handle that they free right after the header.
  if (commandCode === flushContext || commandCode === sequenceComplete) {
    const handle = uint32At(command, 10);
    if (handle !== undefined) open.delete(handle);
  }
}

function flushCommand(handle: number): Uint8Array {
  const command = Uint8Array.of(0x80, 0x01, 0, 0, 0, 14, 0, 0, 0x01, 0x65, 0, 0, 0, 0);
  new DataView(command.buffer).setUint32(10, handle);
  return command;
}

const uint32At = (bytes: Uint8Array, offset: number): number | undefined =>
  bytes.length < offset + 4
    ? undefined
    : new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(offset);
