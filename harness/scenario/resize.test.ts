import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScenario } from './load-scenario.ts';
import { withDevices } from './resize.ts';

const scenarioOf = (...devices: readonly number[]) =>
  parseScenario(
    `name = "s"\n${devices.map((count) => `[[fleet]]\ndevices = ${count}\nattestation = "x509"\n`).join('')}`,
    's.toml',
  );
const sizes = (devices: readonly number[], total: number): number[] =>
  withDevices(scenarioOf(...devices), total).fleet.map((entry) => entry.devices);

describe('withDevices', () => {
  it.each([
    [[400, 400, 200], 10, [4, 4, 2]],
    [[400, 400, 200], 2000, [800, 800, 400]],
    [[1, 1], 3, [2, 1]],
    [[400, 400, 200], 1, [1]],
  ])('makes %j to %i in all: %j', (devices, total, expected) => {
    expect(sizes(devices, total)).toEqual(expected);
  });

  it('makes exactly as many as asked for, each entry within one of its share', () => {
    const fleets = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 20_000 }), (devices, total) => {
        const made = sizes(devices, total);
        expect(made.reduce((sum, count) => sum + count, 0)).toBe(total);
        expect(Math.min(...made)).toBeGreaterThan(0);
        const before = devices.reduce((sum, count) => sum + count, 0);
        if (made.length !== devices.length) return;
        for (const [index, count] of made.entries())
          expect(Math.abs(count - ((devices[index] ?? 0) * total) / before)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });
});
