import type { Duplex } from 'node:stream';
import { systemClock } from '../kernel/clock.ts';
import type { WireDetail, WireLayer, WireTap } from '../kernel/wire-log.ts';

const taps = new WeakMap<Duplex, WireTap>();

/** Lets somebody see the messages of the protocols that are spoken over this stream. */
export function tapStream(stream: Duplex, tap: WireTap | undefined): void {
  if (tap !== undefined) taps.set(stream, tap);
}

/** Tells whoever watches the stream what went by on it just now, or since a time of the monotonic clock. */
export function tellTap(
  stream: Duplex,
  layer: WireLayer,
  tell: () => WireDetail,
  sinceMs = systemClock.monotonicMs(),
): void {
  taps.get(stream)?.({ layer, atMs: sinceMs, durationMs: systemClock.monotonicMs() - sinceMs, tell });
}
