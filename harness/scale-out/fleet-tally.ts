import type { IssuedKey } from '../../simulators/index.ts';
import { FleetLedger } from '../metrics/fleet-ledger.ts';
import type { Outcome } from '../metrics/outcome.ts';
import { Recorder } from '../metrics/recorder.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Range } from '../plan/ranges.ts';

/** What became of a fleet, as workers bring it in range by range. */
export class FleetTally {
  readonly ledger: FleetLedger;
  readonly recorder = new Recorder();
  /** Evidence of keys in tokens, by registrationId. */
  readonly keys = new Map<string, IssuedKey>();
  readonly #warmUp: ReadonlySet<number>;

  constructor({ devices }: FleetPlan, warmUp: readonly Range[]) {
    this.ledger = new FleetLedger(devices);
    this.#warmUp = new Set(warmUp.map(({ number }) => number));
  }

  /** Takes a range's outcomes; a device that is in the ledger already is not taken again. */
  take(
    range: number,
    outcomes: readonly Outcome[],
    keys: readonly (readonly [registrationId: string, key: IssuedKey])[],
  ): void {
    const isTimed = !this.#warmUp.has(range);
    for (const outcome of this.ledger.enter(outcomes)) {
      if (isTimed) this.recorder.add(outcome);
      else this.recorder.countOnly(outcome);
    }
    for (const [registrationId, key] of keys) this.keys.set(registrationId, key);
  }
}
