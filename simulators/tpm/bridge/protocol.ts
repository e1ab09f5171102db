import type { FrameReader } from './frame-reader.ts';
import type { SharedTpm } from './shared-tpm.ts';

/** What a client sees of a TPM on one connection. */
export interface Conversation {
  readonly tpm: SharedTpm;
  readonly reader: FrameReader;
  readonly reply: (bytes: Uint8Array) => void;
}

/**
 * Serves one connection until the client ends it.
 *
 * @throws TransportError when the client does not keep to the protocol, or the TPM is gone; the connection is closed
 */
export type Serve = (conversation: Conversation) => Promise<void>;

/** A protocol has two sockets: one for commands, one for what a machine does to its TPM from outside. */
export interface Protocol {
  readonly data: Serve;
  readonly control: Serve;
}

/** No TPM takes larger commands (TPM_PT_MAX_COMMAND_SIZE of libtpms and the PC Client profile). */
export const maxCommandLength = 4096;
/** Tag, size, command code. */
export const commandHeaderLength = 10;
