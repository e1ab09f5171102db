import { describe, expect, it } from 'vitest';
import { Roster } from './roster.ts';

const snapshot = (worker: string, said: { cpuMs?: number; ready?: boolean; busy?: boolean } = {}) => ({
  ...{ worker, sequence: 1, ready: said.ready ?? true, cpuMs: said.cpuMs ?? 0 },
  tokenSessions: { opened: said.cpuMs ?? 0, open: 0 },
  ranges:
    said.busy === true
      ? [{ range: 0, delivery: 1, counts: { started: 1, assigned: 0, ended: 0, error: 0, aborted: 0 } }]
      : [],
});
const asked = (worker: string) => ({ worker, version: '0', threads: 2 });

describe('Roster', () => {
  it('gives everybody a number of his own, and the same when he asks again', () => {
    const roster = new Roster(1000);
    expect([roster.join(asked('a'), 0), roster.join(asked('b'), 0), roster.join(asked('a'), 0)]).toEqual([
      1, 2, 1,
    ]);
    expect([roster.joined, roster.threads]).toEqual([2, 4]);
  });

  it('waits for those who were heard of lately, and for nobody else', () => {
    const roster = new Roster(1000);
    roster.join(asked('a'), 0);
    roster.join(asked('b'), 0);
    roster.hear(snapshot('a'), 100);
    expect(roster.areAllReady(200)).toBe(false);
    roster.hear(snapshot('a'), 1500);
    expect(roster.areAllReady(1600)).toBe(true);
    expect(roster.areAllReady(9000)).toBe(false);
  });

  it('knows who has a range in hand, and that somebody has left', () => {
    const roster = new Roster(1000);
    roster.join(asked('a'), 0);
    roster.hear(snapshot('a', { busy: true }), 0);
    expect(roster.areAllIdle(0)).toBe(false);
    expect(roster.lastHeardMs).toBe(0);
    expect([roster.leave('a'), roster.leave('nobody')]).toEqual([1, undefined]);
    expect([roster.areAllIdle(0), roster.haveAllLeft(0), roster.lastHeardMs]).toEqual([
      true,
      true,
      -Infinity,
    ]);
  });

  it('adds up what each has used in all, and takes nothing back for a message that comes late', () => {
    const roster = new Roster(1000);
    roster.join(asked('a'), 0);
    roster.join(asked('b'), 0);
    for (const cpuMs of [5, 9, 7]) roster.hear(snapshot('a', { cpuMs }), 0);
    roster.hear(snapshot('b', { cpuMs: 1 }), 0);
    expect([roster.cpuMs, roster.tokenSessions.opened]).toEqual([10, 10]);
  });

  it('takes no notice of somebody who never joined', () => {
    const roster = new Roster(1000);
    roster.hear(snapshot('a', { cpuMs: 3 }), 0);
    expect([roster.joined, roster.cpuMs, roster.haveAllLeft(0)]).toEqual([0, 0, true]);
  });
});
