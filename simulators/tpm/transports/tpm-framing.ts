import { malformed } from './framed-connection.ts';

/** Tag, size, response code: what every TPM response starts with (TPM 2.0 Part 1 §18.2). */
export const responseHeaderLength = 10;

/** The largest response that libtpms and the PC Client profile allow (TPM_PT_MAX_RESPONSE_SIZE). */
const maxResponseLength = 4096;

// TPM 2.0 Part 2 §6.9: TPM_ST_RSP_COMMAND answers a command that a TPM 1.2 would understand.
const responseTags: readonly number[] = [0x8001, 0x8002, 0x00c4];

/**
 * The length of the TPM response that starts at `offset`; undefined while its header is incomplete.
 *
 * @throws TransportError when tag or size cannot be those of a TPM response
 */
export function responseLength(received: Uint8Array, offset = 0): number | undefined {
  if (received.length < offset + responseHeaderLength) return undefined;
  const view = new DataView(received.buffer, received.byteOffset + offset, responseHeaderLength);
  const tag = view.getUint16(0);
  if (!responseTags.includes(tag)) {
    throw malformed(`a TPM response starts with tag 0x${tag.toString(16).padStart(4, '0')}`);
  }
  const size = view.getUint32(2);
  if (size < responseHeaderLength || size > maxResponseLength) {
    throw malformed(`a TPM response says that it is ${size} bytes long`);
  }
  return size;
}

/** The response code of a whole response. */
export const responseCodeOf = (response: Uint8Array): number =>
  new DataView(response.buffer, response.byteOffset, response.length).getUint32(6);

/** The command code of a command; undefined for what is too short to be one. */
export const commandCodeOf = (command: Uint8Array): number | undefined =>
  command.length < 10
    ? undefined
    : new DataView(command.buffer, command.byteOffset, command.length).getUint32(6);
