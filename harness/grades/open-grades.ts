import type { ClientGrades } from '../../reports/run-result.ts';
import { ScenarioError } from '../../simulators/kernel/errors.ts';
import type { RunEndpoint } from '../environment/run-endpoint.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { gradeClients } from './grade-clients.ts';

/** What an emulator is to remember where clients are graded; a request takes some 300 bytes. */
export const GRADED_REQUESTS = 1_000_000;

/** Gives the grades of a run when it has ended. */
export interface RunGrades {
  of(plan: FleetPlan): Promise<ClientGrades>;
}

/**
 * The grades of a run, where its scenario asks for them.
 *
 * @throws ScenarioError when the endpoint does not tell what it was asked for
 */
export function openGrades(
  { run }: Scenario,
  scenarioFile: string,
  endpoint: Pick<RunEndpoint, 'kind' | 'requests'>,
): RunGrades | undefined {
  if (!run.gradeClients) return undefined;
  const { requests: ask } = endpoint;
  if (ask === undefined) {
    throw new ScenarioError(
      {
        ...{ file: scenarioFile, key: 'run.gradeClients' },
        message: `an endpoint of kind ${endpoint.kind} does not tell what it was asked for`,
      },
      { hint: 'Grade clients at an emulator: endpoint.kind = "emulator" or "external".' },
    );
  }
  const startedMs = Date.now();
  return {
    of: async (plan) => {
      const { requests, complete } = await ask();
      const ofRun = requests.filter(({ at }) => Date.parse(at) >= startedMs);
      return { complete, clients: [...gradeClients(plan, ofRun, run.timeScale)] };
    },
  };
}
