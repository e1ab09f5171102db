import { createLimiter } from '../../kernel/limiter.ts';
import type { TpmTransport } from '../transport.ts';
import { decorate } from './decorate.ts';

/**
 * Makes a transport safe for callers that overlap: one command, power or locality change at a time, in the order
 * of the calls. Outermost of the decorators, since a TPM is busy as long as what is inside says so.
 */
export function withQueue(inner: TpmTransport): TpmTransport {
  const turns = createLimiter(1);
  return decorate(inner, {
    send: (command, signal) => turns.run(() => inner.send(command, signal), signal),
    // It cannot queue up; the transport itself refuses while a command is in flight.
    sendSync: (sendSync) => sendSync,
    power: (action) => turns.run(async () => inner.power?.(action)),
    setLocality: (locality) => turns.run(async () => inner.setLocality?.(locality)),
  });
}
