import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planOfEntry } from '../testing/plans.ts';
import { partOfFleet } from './fleet-plan.ts';
import { loadOfShard, parseShard, rangesOfShard, splitForParts } from './shards.ts';

const shards = (of: number) => Array.from({ length: of }, (_, index) => ({ number: index + 1, of }));

describe('shards', () => {
  it('put every device in exactly one of them, in about equal numbers', () => {
    const numbers = [
      fc.nat(3000),
      fc.integer({ min: 1, max: 500 }),
      fc.nat(400),
      fc.integer({ min: 1, max: 20 }),
    ];
    fc.assert(
      fc.property(fc.tuple(...numbers), ([devices = 0, size = 1, warmUp = 0, of = 1]) => {
        const ranges = splitForParts(devices, { size, warmUp, parts: of });
        const timed = ranges.filter(({ to }) => to > warmUp);
        const members = shards(of).flatMap((shard) => rangesOfShard(ranges, shard));
        expect(members.toSorted((a, b) => a.number - b.number)).toEqual(ranges);
        const counts = shards(of).map((shard) => rangesOfShard(timed, shard).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(ranges.every(({ from, to }) => to - from <= size)).toBe(true);
      }),
    );
  });

  it('share out the places of a closed loop, and leave timed arrivals', () => {
    const loop = { arrival: 'constant-concurrency', concurrency: 8 } as const;
    expect(shards(3).map((shard) => loadOfShard(loop, shard))).toMatchObject([
      { concurrency: 3 },
      { concurrency: 3 },
      { concurrency: 2 },
    ]);
    const rate = { arrival: 'constant-rate', ratePerSecond: 5 } as const;
    expect(loadOfShard(rate, { number: 2, of: 3 })).toBe(rate);
  });

  it('are refused when a closed loop has too few places', () => {
    const loop = { arrival: 'constant-concurrency', concurrency: 2 } as const;
    expect(() => loadOfShard(loop, { number: 3, of: 3 })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it.each(['0/3', '4/3', '2', 'a/b', '1/0', '-1/2'])('are not written %s', (text) => {
    expect(() => parseShard(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('are written 2/5', () => {
    expect(parseShard('2/5')).toEqual({ number: 2, of: 5 });
  });
});

describe('partOfFleet', () => {
  const plan = planOfEntry('devices = 40\nattestation = ["x509", "symmetric-key"]');
  const ranges = splitForParts(40, { size: 7, warmUp: 3, parts: 3 });

  it('keeps the places of devices, and counts what is at hand', () => {
    const parts = shards(3).map((shard) => partOfFleet(plan, rangesOfShard(ranges, shard)));
    const ids = parts.flatMap(({ devices }) => Array.from(devices, ({ spec }) => spec.registrationId));
    expect(ids.toSorted()).toEqual(Array.from(plan.devices, ({ spec }) => spec.registrationId).toSorted());
    for (const { cells, devices } of parts) {
      expect(cells.reduce((sum, cell) => sum + cell.devices, 0)).toBe(devices.count);
      expect(devices.at(39)).toEqual(plan.devices.at(39));
    }
  });

  it('finds every device of the fleet by its id, and nobody else', () => {
    const { devices } = partOfFleet(plan, ranges.slice(0, 1));
    for (const planned of plan.devices) expect(devices.find(planned.spec.registrationId)).toEqual(planned);
    expect(devices.find('rig-000000-sym-000001')).toBeUndefined();
    expect(devices.find('somebody')).toBeUndefined();
  });
});
