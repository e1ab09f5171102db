import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedControl } from './shared-control.ts';

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const nothing = Symbol('nothing');
  await setImmediate();
  return (await Promise.race([promise, setImmediate(nothing)])) !== nothing;
};

describe('SharedControl', () => {
  it('never has more devices under way than slots, and lets all of them through', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (concurrency, devices) => {
          const control = SharedControl.create({ ranges: 2, concurrency });
          let now = 0;
          let most = 0;
          const device = async (_: unknown, index: number): Promise<void> => {
            const sharing = new SharedControl(control.memory); // as a worker wraps it
            expect(await sharing.takeSlot(index % 2)).toBe(true);
            now += 1;
            most = Math.max(most, now);
            await setImmediate();
            now -= 1;
            sharing.freeSlot(index % 2);
          };
          await Promise.all(Array.from({ length: devices }, device));
          expect(most).toBe(Math.min(concurrency, devices));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('gives back the slots of a range whose worker has died, and only those', async () => {
    const control = SharedControl.create({ ranges: 2, concurrency: 3 });
    await control.takeSlot(0);
    await control.takeSlot(0);
    await control.takeSlot(1);
    const waiting = [control.takeSlot(1), control.takeSlot(1), control.takeSlot(1)];
    control.freeSlotsOf(0);
    expect(await Promise.all(waiting.slice(0, 2))).toEqual([true, true]);
    expect(await settled(waiting[2] ?? Promise.resolve())).toBe(false);
    control.freeSlotsOf(0); // holds nothing any more
    expect(await settled(waiting[2] ?? Promise.resolve())).toBe(false);
    control.stop();
    expect(await waiting[2]).toBe(false);
  });

  it('gives no slot after it was stopped', async () => {
    const control = SharedControl.create({ ranges: 1, concurrency: 1 });
    control.stop();
    expect(await control.takeSlot(0)).toBe(false);
  });

  it('wakes everybody who waits when it is stopped', async () => {
    const control = SharedControl.create({ ranges: 1, concurrency: 1 });
    await control.takeSlot(0);
    const waiting = [
      control.takeSlot(0),
      control.takeSlot(0),
      control.untilGo(),
      control.untilReady(1),
      control.untilStopped(),
    ];
    control.stop();
    expect(await Promise.all(waiting)).toEqual([false, false, undefined, undefined, undefined]);
  });

  it('lets nobody over the start line before all ranges stand there', async () => {
    const control = SharedControl.create({ ranges: 2, concurrency: undefined });
    const ready = control.untilReady(2);
    const started = control.untilGo();
    control.ready();
    expect(await settled(ready)).toBe(false);
    control.ready();
    await ready;
    expect(await settled(started)).toBe(false);
    control.go();
    await started;
  });

  it('counts from every wrapper of the same memory', () => {
    const control = SharedControl.create({ ranges: 1, concurrency: 1 });
    const other = new SharedControl(control.memory);
    control.count('assigned', 0);
    other.count('assigned', 0);
    other.count('error', 0);
    expect(control.counts).toEqual({ started: 0, assigned: 2, ended: 0, error: 1, aborted: 0 });
  });
});
