import type { Clock } from '../../kernel/clock.ts';
import { RigError } from '../../kernel/errors.ts';
import { describeCommand } from '../codec/describe-command.ts';
import { decodeResponseCode } from '../codec/response-code.ts';
import type { TpmTransport } from '../transport.ts';
import { responseCodeOf } from '../transports/tpm-framing.ts';
import { decorate } from './decorate.ts';

/** One command as it went by: never its parameters or its answer's, which may hold secrets. */
export interface RecordedCommand {
  readonly atMs: number;
  readonly durationMs: number;
  /** e.g. `TPM2_ReadPublic`. */
  readonly command: string;
  /** Name of the response code, e.g. `TPM_RC_SUCCESS`, or the code of the error when no answer came. */
  readonly result: string;
}

/** Writes down what goes over a transport; `onCommand` is called after each command, in the order of the answers. */
export function withRecorder(
  inner: TpmTransport,
  clock: Clock,
  onCommand: (command: RecordedCommand) => void,
): TpmTransport {
  const begin = (
    command: Uint8Array,
  ): { answered(response: Uint8Array): void; failed(error: unknown): void } => {
    const atMs = clock.nowMs();
    const startMs = clock.monotonicMs();
    const record = (result: string): void =>
      onCommand({ atMs, durationMs: clock.monotonicMs() - startMs, command: nameOf(command), result });
    return {
      answered: (response) => record(decodeResponseCode(responseCodeOf(response)).name),
      failed: (error) => record(error instanceof RigError ? error.code : 'UNKNOWN'),
    };
  };
  return decorate(inner, {
    send: async (command, signal) => {
      const recording = begin(command);
      try {
        const response = await inner.send(command, signal);
        recording.answered(response);
        return response;
      } catch (error) {
        recording.failed(error);
        throw error;
      }
    },
    sendSync: (sendSync) => (command, deadlineMs) => {
      const recording = begin(command);
      try {
        const response = sendSync(command, deadlineMs);
        recording.answered(response);
        return response;
      } catch (error) {
        recording.failed(error);
        throw error;
      }
    },
  });
}

/** What goes by need not be well-formed: to see how a TPM takes that is one use of a recorder. */
function nameOf(command: Uint8Array): string {
  try {
    return describeCommand(command).name;
  } catch {
    return 'malformed command';
  }
}
