import { describe, expect, it } from 'vitest';
import { LookBudget } from './look-budget.ts';
import { SharedControl } from './shared-control.ts';

const takeMany = (budget: LookBudget, kind: string, times: number): number =>
  Array.from({ length: times }, () => budget.take(kind)).filter(Boolean).length;

describe('LookBudget', () => {
  it('looks into every device of a run in which few fail', () => {
    const budget = new LookBudget(SharedControl.create({ ranges: 1, concurrency: 1 }));
    expect(takeMany(budget, 'cell DPS_401002', 200)).toBe(200);
  });

  it('keeps room for another code where thousands fail under one', () => {
    const control = SharedControl.create({ ranges: 2, concurrency: 1 });
    expect(takeMany(new LookBudget(control), 'cell DPS_401002', 5_000)).toBe(200);
    const next = new LookBudget(control);
    expect(takeMany(next, 'cell DPS_401002', 5_000)).toBe(2);
    expect(takeMany(next, 'cell TIMEOUT', 5_000)).toBe(2);
  });

  it('stays within a thousand over all ranges and all threads', () => {
    const control = SharedControl.create({ ranges: 1_000, concurrency: 1 });
    const taken = Array.from({ length: 1_000 }, () =>
      takeMany(new LookBudget(new SharedControl(control.memory)), 'cell DPS_401002', 100),
    );
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(1_000);
  });
});
