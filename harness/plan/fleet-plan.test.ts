import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandMatrix } from '../scenario/expand.ts';
import { parseScenario } from '../scenario/load-scenario.ts';
import { interleave, planFleet } from './fleet-plan.ts';

function planOf({ seed = 1, devices = 10 } = {}) {
  const scenario = parseScenario(
    `name = "s"\nseed = ${seed}\n[[fleet]]\ndevices = ${devices}\nattestation = ["symmetric-key", "x509", "tpm"]`,
    's.toml',
  );
  return planFleet(scenario, expandMatrix(scenario));
}

describe('planFleet', () => {
  it('makes the same plan of the same scenario and seed', () => {
    expect([...planOf().devices]).toEqual([...planOf().devices]);
  });

  it('makes other registrationIds of another seed', () => {
    const ids = new Set(Array.from(planOf({ seed: 1 }).devices, ({ spec }) => spec.registrationId));
    for (const { spec } of planOf({ seed: 2 }).devices) expect(ids).not.toContain(spec.registrationId);
  });

  it('gives every device an id of its own that DPS allows, and its position', () => {
    const devices = [...planOf({ devices: 1000 }).devices];
    expect(new Set(devices.map(({ spec }) => spec.registrationId)).size).toBe(1000);
    for (const [position, { spec }] of devices.entries()) {
      expect(spec.index).toBe(position);
      expect(spec.registrationId).toMatch(/^[a-z0-9](?:[a-z0-9._:-]{0,126}[a-z0-9])?$/);
    }
  });

  it('gives every cell as many devices as it is to have', () => {
    const { cells, devices } = planOf({ devices: 11 });
    for (const [index, cell] of cells.entries()) {
      expect([...devices].filter((device) => device.cell === index)).toHaveLength(cell.devices);
    }
  });

  it('gives a range the devices at its positions', () => {
    const { devices } = planOf({ devices: 10 });
    expect(devices.slice(3, 6)).toEqual([...devices].slice(3, 6));
    expect(devices.slice(8, 12)).toEqual([devices.at(8), devices.at(9)]);
    expect(devices.at(10)).toBeUndefined();
    expect(devices.at(-1)).toBeUndefined();
  });
});

describe('interleave', () => {
  it('lets cells take turns', () => {
    expect([...interleave([2, 2, 2])]).toEqual([0, 1, 2, 0, 1, 2]);
    expect([...interleave([4, 1])]).toEqual([0, 0, 1, 0, 0]);
    expect([...interleave([0, 1])]).toEqual([1]);
  });

  it('holds about the mix of the whole fleet in every stretch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.nat(),
        (counts, a, b) => {
          const order = [...interleave(counts)];
          const from = Math.min(a % order.length, b % order.length);
          const to = Math.max(a % order.length, b % order.length) + 1;
          const stretch = order.slice(from, to);
          for (const [cell, count] of counts.entries()) {
            const share = (count / order.length) * stretch.length;
            const seen = stretch.filter((other) => other === cell).length;
            // Every cell rounds on its own: each can push a stretch by one device.
            expect(Math.abs(seen - share)).toBeLessThanOrEqual(1 + counts.length);
          }
        },
      ),
    );
  });
});
