import type { Clock } from '../../kernel/clock.ts';
import type { TpmTransport } from '../transport.ts';
import { responseCodeOf } from '../transports/tpm-framing.ts';
import { decorate } from './decorate.ts';

export interface RetryOptions {
  /** How often a command is sent at most, the first time included. */
  readonly attempts: number;
  /** Before the second attempt; doubles from one attempt to the next. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  readonly clock: Clock;
}

/** What real TPMs answer when they are busy: send the same command again (TPM 2.0 Part 2 §6.6.3, Part 1 §30.4). */
const busyCodes: readonly number[] = [
  0x908, // TPM_RC_YIELDED
  0x90a, // TPM_RC_TESTING
  0x922, // TPM_RC_RETRY
];

/** Sends a command again while the TPM is busy; when the attempts are used up, the caller gets the last answer. */
export function withRetry(inner: TpmTransport, options: RetryOptions): TpmTransport {
  const { attempts, pauseMs, maxPauseMs, clock } = options;
  return decorate(inner, {
    send: async (command, signal) => {
      let response = await inner.send(command, signal);
      for (
        let attempt = 2;
        attempt <= attempts && busyCodes.includes(responseCodeOf(response));
        attempt += 1
      ) {
        await clock.sleepMs(Math.min(pauseMs * 2 ** (attempt - 2), maxPauseMs), signal);
        response = await inner.send(command, signal);
      }
      return response;
    },
  });
}
