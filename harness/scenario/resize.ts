import { shareOut } from '../plan/ranges.ts';
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
