import { UsageError } from '../../../simulators/kernel/errors.ts';
import { expandMatrix } from '../../scenario/expand.ts';
import type { Scenario } from '../../scenario/scenario-schema.ts';
import { openService } from './azure-endpoint.ts';
import { describeEstimate, estimateRun } from './pacing.ts';

/**
 * What a run would take of a real service. Nothing is sent.
 *
 * @throws UsageError when the scenario goes to an emulator
 */
export async function describeDryRun(scenario: Scenario, file: string): Promise<readonly string[]> {
  const { endpoint } = scenario;
  if (endpoint.kind !== 'azure') {
    throw new UsageError(`${file}: the run goes to no real service`, {
      hint: '`dps-rig validate` checks a scenario.',
    });
  }
  const service = await openService(endpoint, file);
  const cells = expandMatrix(scenario);
  const count = (some: typeof cells): number => some.reduce((sum, { devices }) => sum + devices, 0);
  const inGroups = cells.filter(({ enrollment, devices }) => enrollment === 'group' && devices > 0);
  const estimate = estimateRun(
    {
      devices: count(cells),
      individual: count(cells.filter(({ enrollment }) => enrollment === 'individual')),
      groups: new Set(inGroups.map(({ attestation }) => attestation)).size,
    },
    endpoint,
  );
  return describeEstimate(estimate, service.hostName, endpoint);
}
