import type { RunResult } from '../../reports/run-result.ts';
import { nullEndpoint } from '../environment/endpoint.ts';
import { planFleet } from '../plan/fleet-plan.ts';
import { splitIntoRanges } from '../plan/ranges.ts';
import type { RunCase } from '../scenario/expand.ts';
import type { FleetRun } from './fleet-run.ts';
import { registerFleet } from './register-fleet.ts';

const DEVICES = 1_000;
const CONCURRENCY = 50;

/**
 * Sends devices through the same threads and the same loop to nobody: what that takes is the harness's own part in
 * every figure of the run.
 */
export async function calibrate(run: FleetRun): Promise<RunResult['calibration']> {
  const plan = planFleet({ name: 'calibration', seed: run.plan.seed }, [nullCell]);
  const { recorder, cpuMs } = await registerFleet({
    ...run,
    plan,
    ranges: splitIntoRanges(DEVICES, run.scenario.run.rangeSize),
    // A thread keeps the first endpoint that it hears of.
    endpoint: { ...nullEndpoint(), dps: run.endpoint.dps },
    scenario: {
      ...run.scenario,
      load: { arrival: 'constant-concurrency', concurrency: CONCURRENCY },
      run: { ...run.scenario.run, warmUpDevices: 0 },
    },
    onProgress: () => undefined,
  });
  return { devices: DEVICES, cpuPerDeviceMs: cpuMs / DEVICES, total: recorder.total.toDistribution() };
}

const nullCell: RunCase = {
  name: 'nobody',
  platform: 'linux',
  enrollment: 'individual',
  attestation: 'symmetric-key',
  keyStore: 'software',
  transport: 'https',
  client: 'native',
  devices: DEVICES,
  expect: undefined,
  notPossible: undefined,
};
