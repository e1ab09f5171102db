import type { Clock } from '../../kernel/clock.ts';
import { RigError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import { commandCodeOf, responseCodeOf } from '../transports/tpm-framing.ts';
import { decorate } from './decorate.ts';

/** One command as it went by: never its parameters or its answer's, which may hold secrets. */
export interface RecordedCommand {
  readonly atMs: number;
  readonly durationMs: number;
  /** TPM_CC; undefined for what is too short to be a command. */
  readonly commandCode: number | undefined;
  /** TPM_RC, or the code of the error when no answer came, e.g. `TPM_PROCESS_EXITED`. */
  readonly result: number | string;
}

/** Writes down what goes over a transport; `onCommand` is called after each command, in the order of the answers. */
export function withRecorder(
  inner: TpmTransport,
  clock: Clock,
  onCommand: (command: RecordedCommand) => void,
): TpmTransport {
  return decorate(inner, {
    send: async (command, signal) => {
      const atMs = clock.nowMs();
      const startMs = clock.monotonicMs();
      const record = (result: number | string): void =>
        onCommand({
          atMs,
          durationMs: clock.monotonicMs() - startMs,
          commandCode: commandCodeOf(command),
          result,
        });
      try {
        const response = await inner.send(command, signal);
        record(responseCodeOf(response));
        return response;
      } catch (error) {
        record(error instanceof RigError ? error.code : 'UNKNOWN');
        throw error;
      }
    },
  });
}
