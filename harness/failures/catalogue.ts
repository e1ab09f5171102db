import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expandMatrix } from '../scenario/expand.ts';
import { loadScenario } from '../scenario/load-scenario.ts';
import type { Failure, FleetEntry, Scenario } from '../scenario/scenario-schema.ts';
import { expectationOf } from '../verdict/expectations.ts';

/** One failure of the catalogue, with the scenario that reproduces it. */
export interface CatalogueEntry {
  /** As `dps-rig run` takes it: `failure/x509/leaf-only`. */
  readonly name: string;
  readonly file: string;
  readonly scenario: Scenario;
  readonly failure: Failure;
  /** How the devices that show it end, in the words of the scenario: `401002`, `CKR_PIN_LOCKED`, `assigned`. */
  readonly endings: readonly string[];
}

/** Where the scenarios that come with dps-rig are. */
export const scenarioRoot: string = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/**
 * Reads scenarios/failure, by layer and name.
 *
 * @throws ScenarioError when one of them is invalid
 */
export async function readCatalogue(): Promise<readonly CatalogueEntry[]> {
  const files = (await readdir(join(scenarioRoot, 'failure'), { recursive: true }))
    .filter((file) => file.endsWith('.toml'))
    .sort();
  const entries = await Promise.all(
    files.map(async (relative) => {
      const file = join(scenarioRoot, 'failure', relative);
      const scenario = await loadScenario(file);
      const name = `failure/${relative.replaceAll(sep, '/').slice(0, -'.toml'.length)}`;
      const { failure } = scenario;
      return failure === undefined ? [] : [{ name, file, scenario, failure, endings: endingsOf(scenario) }];
    }),
  );
  return entries.flat();
}

/** Whether an entry of a fleet shows the failure: what its scenario says, else every entry that must not be assigned. */
const showsFailure = ({ proves, fault, serviceFaults, expect }: FleetEntry): boolean =>
  proves === undefined
    ? fault !== undefined || serviceFaults !== undefined || (expect?.result ?? 'assigned') !== 'assigned'
    : proves === 'failure';

/** What is missing for a scenario to prove both the failure and its fix. */
export function unproved({ fleet }: Pick<Scenario, 'fleet'>): readonly string[] {
  const fixed = fleet.filter((entry) => !showsFailure(entry));
  return [
    ...(fleet.some(showsFailure) ? [] : ['no entry of the fleet shows the failure']),
    ...(fixed.length > 0 ? [] : ['no entry of the fleet has the fix']),
    ...(fixed.every(({ expect }) => (expect?.result ?? 'assigned') === 'assigned')
      ? []
      : ['the fix is not assigned']),
  ];
}

function endingsOf(scenario: Scenario): readonly string[] {
  const failing = expandMatrix({ ...scenario, fleet: scenario.fleet.filter(showsFailure) });
  const endings = failing
    .filter(({ notPossible, expect }) => notPossible === undefined || expect?.result === 'impossible')
    .map((cell) => {
      const { result, status, errorCode, code } = expectationOf(cell);
      return String(errorCode ?? code ?? status ?? result);
    });
  return [...new Set(endings)];
}
