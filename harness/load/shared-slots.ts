import type { SwtpmSlot } from '../../simulators/index.ts';
import { InvariantError } from '../../simulators/kernel/errors.ts';

/** swtpms that the threads of a run share: each belongs to one thread at a time. */
export interface SharedSlots {
  readonly slots: readonly SwtpmSlot[];
  /** One for each slot: 1 while a thread has it. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** Some of them, for one thread, until they are disposed of. */
export interface ClaimedSlots extends Disposable {
  readonly slots: readonly SwtpmSlot[];
}

export const shareSlots = (slots: readonly SwtpmSlot[]): SharedSlots => ({
  slots,
  taken: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * slots.length)),
});

/**
 * Takes up to `count` slots that no other thread has, from as many containers as there are: a thread then has some left
 * when one of these dies.
 *
 * @throws InvariantError when there is none: there are as many as all threads may claim
 */
export function claimSlots({ slots, taken }: SharedSlots, count: number): ClaimedSlots {
  const claimed: number[] = [];
  const claimOneIn = (container: string): void => {
    const index = slots.findIndex(
      ({ where }, at) => where === container && Atomics.compareExchange(taken, at, 0, 1) === 0,
    );
    if (index >= 0) claimed.push(index);
  };
  const containers = [...new Set(slots.map(({ where }) => where))];
  let before = -1;
  while (claimed.length < count && claimed.length > before) {
    before = claimed.length;
    for (const container of containers) if (claimed.length < count) claimOneIn(container);
  }
  if (claimed.length === 0) throw new InvariantError(`none of ${slots.length} TPM slots is free`);
  return {
    slots: claimed.flatMap((index) => slots[index] ?? []),
    [Symbol.dispose]: () => {
      for (const index of claimed.splice(0)) Atomics.store(taken, index, 0);
    },
  };
}
