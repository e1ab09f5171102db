import { InvalidArgumentError } from 'commander';
import { parseServiceFaultText, type ServiceFault } from '../../../simulators/index.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import type { Scenario } from '../../scenario/scenario-schema.ts';

/** Collects `--fault`. */
export function addFault(text: string, all: readonly ServiceFault[]): readonly ServiceFault[] {
  try {
    return [...all, parseServiceFaultText(text)];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new InvalidArgumentError(`${error.message}. ${error.hint ?? ''}`);
  }
}

/**
 * The scenario, whose emulator is ordered to have these faults besides its own.
 *
 * @throws UsageError when there is no emulator that could be ordered
 */
export function withFaults(scenario: Scenario, faults: readonly ServiceFault[]): Scenario {
  if (faults.length === 0) return scenario;
  const { endpoint } = scenario;
  if (endpoint.kind !== 'emulator') {
    throw new UsageError('--fault is for runs with an emulator of their own', {
      hint: 'Give --fault to `dps-rig emulate`, or PUT /faults to its management API.',
    });
  }
  return { ...scenario, endpoint: { ...endpoint, faults: [...(endpoint.faults ?? []), ...faults] } };
}
