import { shareOut } from '../plan/ranges.ts';
import { expandMatrix } from './expand.ts';
import type { Scenario } from './scenario-schema.ts';

/** The same proportions with another number of devices in all; an entry whose share comes to none is left out. */
export function withDevices(scenario: Scenario, total: number): Scenario {
  const before = scenario.fleet.reduce((sum, { devices }) => sum + devices, 0);
  const counts = scenario.fleet.map(({ devices }) => Math.floor((devices * total) / before));
  const left = shareOut(total - counts.reduce((sum, count) => sum + count, 0), counts.length);
  const fleet = scenario.fleet
    .map((entry, index) => ({ ...entry, devices: (counts[index] ?? 0) + (left[index] ?? 0) }))
    .filter(({ devices }) => devices > 0);
  return { ...scenario, fleet };
}

/** So many devices in each cell that can be; an entry without such a cell keeps one device, which it cannot place. */
export function withDevicesPerCell(scenario: Scenario, perCell: number): Scenario {
  const fleet = scenario.fleet.map((entry) => {
    const cells = expandMatrix({ ...scenario, fleet: [entry] });
    const possible = cells.filter(({ notPossible }) => notPossible === undefined).length;
    return { ...entry, devices: Math.max(1, possible * perCell) };
  });
  return { ...scenario, fleet };
}
