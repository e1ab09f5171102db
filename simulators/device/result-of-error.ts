import { RigError, serializeError, TransportError } from '../kernel/errors.ts';
import type { DeviceResult } from './device-trace.ts';

/**
 * The one place where what a device threw becomes its result.
 *
 * @param runSignal the run's own, not the attempt's deadline: it tells a device that was stopped from one that was late
 * @throws the error itself when the run must end with it (its family is `run`)
 */
export function resultOfError(thrown: unknown, runSignal: AbortSignal): DeviceResult {
  if (thrown instanceof RigError && thrown.family === 'run') throw thrown;
  const stopped = thrown instanceof TransportError ? thrown.phase === 'aborted' : thrown === runSignal.reason;
  if (runSignal.aborted && stopped) return { kind: 'aborted' };
  return { kind: 'error', error: serializeError(thrown) };
}
