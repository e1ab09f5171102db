import { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { TransportError } from '../../kernel/errors.ts';
import { type AnswerLength, type FramedConnection, malformed } from './framed-connection.ts';

/** Commands of swtpm's control channel, as in its `tpm_ioctl.h` (CMD_...). */
const controlCommands = {
  init: 0x02,
  setLocality: 0x05,
  getStateBlob: 0x0c,
  setStateBlob: 0x0d,
  stop: 0x0e,
} as const;
type ControlCommand = keyof typeof controlCommands;

const permanentBlob = 1;
/** Permanent state is 3.7 KB with two keys; NV indices can make it grow to some 200 KB. */
const maxStateBlobLength = 1024 * 1024;
const deadlineMs = 10_000;

/** What swtpm's control channel does for us: power, locality and the state as one byte string. */
export interface SwtpmControl {
  /** Power on: the TPM reads its state and then waits for TPM2_Startup. */
  init(): Promise<void>;
  /** Power off. */
  stop(): Promise<void>;
  setLocality(locality: number): Promise<void>;
  /** The permanent state; only while powered on. */
  getPermanentState(): Promise<Uint8Array>;
  /** Replaces the permanent state; only while powered off. */
  setPermanentState(state: Uint8Array): Promise<void>;
}

/**
 * The control channel of a swtpm over an open connection.
 *
 * Every call throws TransportError: `SWTPM_CONTROL_REFUSED` when swtpm answers with a code, or what the connection
 * throws when it is gone.
 */
export function createSwtpmControl(connection: FramedConnection): SwtpmControl {
  const request = async (
    command: ControlCommand,
    body: Uint8Array,
    answerLength: AnswerLength = () => 4,
  ): Promise<ByteReader> => {
    const message = new ByteWriter().u32(controlCommands[command]).bytes(body).finish();
    const answer = new ByteReader(await connection.request(message, answerLength, { deadlineMs }));
    const result = answer.u32('result');
    if (result !== 0) throw refused(command, result);
    return answer;
  };
  const noFlags = new ByteWriter().u32(0).finish();
  return {
    init: async () => void (await request('init', noFlags)),
    stop: async () => void (await request('stop', new Uint8Array(0))),
    setLocality: async (locality) => void (await request('setLocality', Uint8Array.of(locality))),
    getPermanentState: async () => {
      const body = new ByteWriter().u32(1).u32(permanentBlob).u32(0).finish();
      const answer = await request('getStateBlob', body, stateAnswerLength);
      answer.bytes(8, 'state flags and total length');
      return answer.bytes(answer.u32('state length'), 'state');
    },
    setPermanentState: async (state) => {
      // An empty blob is accepted and makes a TPM whose seeds are all zero: the same EK on every machine, no error.
      if (state.length === 0) throw refused('setStateBlob', 0);
      const body = new ByteWriter().u32(0).u32(permanentBlob).u32(state.length).bytes(state).finish();
      await request('setStateBlob', body);
    },
  };
}

/** Result, flags, total length, length of this part, the part; a refusal is the result alone. */
function stateAnswerLength(received: Uint8Array): number | undefined {
  const view = new DataView(received.buffer, received.byteOffset, received.length);
  if (received.length >= 4 && view.getUint32(0) !== 0) return 4;
  if (received.length < 16) return undefined;
  const [total, length] = [view.getUint32(8), view.getUint32(12)];
  if (length > maxStateBlobLength || length !== total) {
    throw malformed(`swtpm offers ${length} of ${total} bytes of state`);
  }
  return 16 + length;
}

const refused = (command: ControlCommand, result: number): TransportError =>
  new TransportError(
    'tpm',
    'SWTPM_CONTROL_REFUSED',
    `swtpm refused ${command} with result 0x${result.toString(16)}`,
    { hint: 'The state may be damaged, or the TPM not in the power state that the command needs.' },
  );
