import { seededRandom } from '../../simulators/kernel/random.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

export type Load = Scenario['load'];

/**
 * When the device at a position is to start, in milliseconds since the run began. Closed-loop arrivals have no such
 * time: a device starts when another one has ended.
 */
export type Schedule = (position: number) => number | undefined;

/** The same load and seed make the same schedule. */
export function scheduleOf(load: Load, seed: number): Schedule {
  switch (load.arrival) {
    case 'all-at-once':
      return () => 0;
    case 'constant-concurrency':
      return () => undefined;
    case 'constant-rate':
      return (position) => (position * 1000) / load.ratePerSecond;
    case 'ramp':
      return (position) => rampStartMs(load, position);
    case 'steps':
      return (position) => stepStartMs(load.steps, position);
    case 'spike':
      return (position) => stepStartMs(stepsOfSpike(load), position);
    case 'poisson':
      return poissonSchedule(load.ratePerSecond, seed);
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

interface Step {
  readonly ratePerSecond: number;
  readonly seconds: number;
}

/** The rate of each step holds for its time; that of the last one, for as long as there are devices. */
function stepStartMs(steps: readonly Step[], position: number): number {
  let startSeconds = 0;
  let before = 0;
  for (const [index, { ratePerSecond, seconds }] of steps.entries()) {
    const during = ratePerSecond * seconds;
    const isLast = index === steps.length - 1;
    if (ratePerSecond > 0 && (isLast || position < before + during)) {
      return (startSeconds + (position - before) / ratePerSecond) * 1000;
    }
    startSeconds += seconds;
    before += during;
  }
  return startSeconds * 1000;
}

function stepsOfSpike(load: Extract<Load, { arrival: 'spike' }>): readonly Step[] {
  const { ratePerSecond, spikePerSecond, spikeAtSeconds, spikeSeconds } = load;
  return [
    { ratePerSecond, seconds: spikeAtSeconds },
    { ratePerSecond: spikePerSecond, seconds: spikeSeconds },
    { ratePerSecond, seconds: 0 },
  ];
}

/** Gaps of an exponential distribution: devices that know nothing of each other. */
function poissonSchedule(ratePerSecond: number, seed: number): Schedule {
  const random = seededRandom(seed, 'arrivals');
  const startsMs: number[] = [];
  return (position) => {
    while (startsMs.length <= position) {
      const gapMs = (-Math.log(1 - random.next()) * 1000) / ratePerSecond;
      startsMs.push((startsMs.at(-1) ?? 0) + gapMs);
    }
    return startsMs[position];
  };
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
    case 'steps':
      return `steps ${load.steps.map(({ ratePerSecond }) => `${ratePerSecond}/s`).join(', ')}`;
    case 'spike':
      return `${load.ratePerSecond}/s with a spike of ${load.spikePerSecond}/s for ${load.spikeSeconds} s`;
    case 'poisson':
      return `Poisson ${load.ratePerSecond}/s`;
  }
}
