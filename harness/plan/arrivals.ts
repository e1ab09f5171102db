import type { Scenario } from '../scenario/scenario-schema.ts';

export type Load = Scenario['load'];

/**
 * When the device at a position of the fleet is to start, in milliseconds since the run began. Closed-loop arrivals
 * have no such time: a device starts when another one has ended.
 */
export function intendedStartMs(load: Load, position: number): number | undefined {
  switch (load.arrival) {
    case 'all-at-once':
      return 0;
    case 'constant-concurrency':
      return undefined;
    case 'constant-rate':
      return (position * 1000) / load.ratePerSecond;
    case 'ramp':
      return rampStartMs(load, position);
  }
}

/** The time by which the rate, rising evenly, has let `position` devices start. */
function rampStartMs(
  { fromPerSecond, toPerSecond, rampSeconds }: Extract<Load, { arrival: 'ramp' }>,
  position: number,
): number {
  const duringRamp = ((fromPerSecond + toPerSecond) / 2) * rampSeconds;
  if (position >= duringRamp) return (rampSeconds + (position - duringRamp) / toPerSecond) * 1000;
  if (position === 0) return 0;
  const slope = (toPerSecond - fromPerSecond) / rampSeconds;
  // position = from * t + slope * t² / 2, solved in the form that does not subtract two nearly equal numbers.
  const root = Math.sqrt(Math.max(0, fromPerSecond ** 2 + 2 * slope * position));
  return ((2 * position) / (fromPerSecond + root)) * 1000;
}

/** For the report: `constant concurrency 50`. */
export function describeLoad(load: Load): string {
  switch (load.arrival) {
    case 'all-at-once':
      return 'all at once';
    case 'constant-concurrency':
      return `constant concurrency ${load.concurrency}`;
    case 'constant-rate':
      return `constant rate ${load.ratePerSecond}/s`;
    case 'ramp':
      return `ramp ${load.fromPerSecond}/s to ${load.toPerSecond}/s in ${load.rampSeconds} s`;
  }
}
