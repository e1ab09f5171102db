import { type FleetPlan, planFleet } from '../plan/fleet-plan.ts';
import { expandMatrix } from '../scenario/expand.ts';
import { parseScenario } from '../scenario/load-scenario.ts';

/** The plan of a scenario with one fleet entry. @param entry its keys, as TOML */
export function planOfEntry(entry: string): FleetPlan {
  const scenario = parseScenario(`name = "test"\n[[fleet]]\n${entry}\n`, 'test.toml');
  return planFleet(scenario, expandMatrix(scenario));
}
