import type { CallName, Cryptoki } from '../cryptoki.ts';
import { decorate } from './decorate.ts';

/** How long a token takes for a call, in milliseconds, beyond what the module takes. */
export type CallLatency = Readonly<Partial<Record<CallName, number>>>;

/**
 * A token that takes its time. PKCS#11 is synchronous, and so is the wait: the thread stands still, as it does with a
 * real token, and with it the other devices of that thread.
 */
export function withLatency(inner: Cryptoki, latencyMs: CallLatency): Cryptoki {
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return decorate(inner, (call, proceed) => {
    const waitMs = latencyMs[call] ?? 0;
    if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
    return proceed();
  });
}
