import { startDeadline } from '../../kernel/deadline.ts';
import { TransportError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import { decorate } from './decorate.ts';

const never = new AbortController().signal;

/**
 * Bounds every command: its caller goes on after `timeoutMs`, with a TransportError `TPM_TIMEOUT`.
 *
 * The transport inside learns of it by its signal; a swtpm drops the late answer before its next command.
 */
export function withTimeout(inner: TpmTransport, timeoutMs: number): TpmTransport {
  return decorate(inner, {
    send: async (command, signal = never) => {
      using deadline = startDeadline(timeoutMs, signal, 'a TPM command');
      try {
        return await inner.send(command, deadline.signal);
      } catch (error) {
        if (signal.aborted || !deadline.signal.aborted) throw error;
        throw new TransportError('timeout', 'TPM_TIMEOUT', `no answer from the TPM within ${timeoutMs} ms`, {
          cause: error,
        });
      }
    },
  });
}
