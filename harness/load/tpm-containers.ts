import { type SwtpmContainers, startSwtpmContainers } from '../../simulators/index.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import type { RunSetup } from './run-setup.ts';

/**
 * The containers that the fleet's TPMs run in, where the scenario wants them to.
 *
 * @returns undefined when it does not, or has no TPM
 * @throws EnvironmentError without a Docker engine or without the image
 */
export async function openTpmContainers(
  { tpm, endpoint }: Scenario,
  { workers, tpmPoolSize }: RunSetup,
): Promise<SwtpmContainers | undefined> {
  if (tpm.backend === 'process' || tpmPoolSize === 0 || endpoint.kind === 'null') return undefined;
  const { containers } = tpm;
  return startSwtpmContainers({ containers, slotsEach: Math.ceil((workers * tpmPoolSize) / containers) });
}
