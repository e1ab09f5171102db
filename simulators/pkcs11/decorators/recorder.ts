import type { Clock } from '../../kernel/clock.ts';
import { CryptokiError } from '../../kernel/errors.ts';
import type { CallName, Cryptoki } from '../cryptoki.ts';
import { decorate } from './decorate.ts';

/** One call as it went by: never its parameters or its result, which may hold PINs, keys and signatures. */
export interface RecordedCall {
  /** On the monotonic clock. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly call: CallName;
  /** `CKR_OK`, or the name with which the module refused. */
  readonly result: string;
}

/** Writes down every call of one device; `onCall` is called after each. */
export function withRecorder(inner: Cryptoki, clock: Clock, onCall: (call: RecordedCall) => void): Cryptoki {
  return decorate(inner, (call, proceed) => {
    const startMs = clock.monotonicMs();
    const record = (result: string): void =>
      onCall({ startMs, durationMs: clock.monotonicMs() - startMs, call, result });
    try {
      const value = proceed();
      record('CKR_OK');
      return value;
    } catch (error) {
      record(error instanceof CryptokiError ? error.code : 'UNKNOWN');
      throw error;
    }
  });
}
