import type { SharedControl } from './shared-control.ts';

/** So many failed devices of a run are all looked into. */
const ALL_OF = 200;
/** Beyond them, of each range so many that failed in the same cell under the same code. */
const ALIKE_IN_RANGE = 2;
/** And not more than these. */
export const MOST_LOOKED_INTO = 1_000;

/**
 * Which devices that failed are looked into: to look takes a TPM's time, and where thousands fail most do so for the same
 * reason. For one range; the run's count is shared.
 */
export class LookBudget {
  readonly #control: SharedControl;
  readonly #alike = new Map<string, number>();

  constructor(control: SharedControl) {
    this.#control = control;
  }

  /** @param kind what devices have in common that failed alike */
  take(kind: string): boolean {
    const alike = this.#alike.get(kind) ?? 0;
    if (this.#control.looks >= ALL_OF && alike >= ALIKE_IN_RANGE) return false;
    if (!this.#control.takeLook(MOST_LOOKED_INTO)) return false;
    this.#alike.set(kind, alike + 1);
    return true;
  }
}
