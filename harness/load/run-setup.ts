import { availableParallelism } from 'node:os';
import type { TpmMode } from '../../simulators/index.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

/** Decided once, from scenario and machine. */
export interface RunSetup {
  readonly workers: number;
  /** How many ranges a worker has in hand at the same time. */
  readonly rangesAtOnce: number;
  readonly tpmMode: TpmMode;
  readonly tpmDevices: number;
  /** Pooled mode: swtpms of each worker, one of each container at least; 0 when the fleet has no TPM. */
  readonly tpmPoolSize: number;
}

const DEDICATED_AT_MOST = 1_000;

export function chooseSetup(scenario: Scenario, plan: FleetPlan): RunSetup {
  const cores = availableParallelism();
  const workers = scenario.run.workers === 'auto' ? cores : scenario.run.workers;
  const ofTpms = plan.cells.filter(({ keyStore, devices }) => keyStore === 'swtpm' && devices > 0);
  const tpmDevices = ofTpms.reduce((sum, { devices }) => sum + devices, 0);
  // A handshake signs while everything stands still: its TPM must be there.
  const inHandshakes = ofTpms.some(({ attestation }) => attestation === 'x509');
  // A slow TPM would keep a process of the pool busy with waiting.
  const inContainers = scenario.tpm.backend === 'container';
  const dedicated = tpmDevices <= DEDICATED_AT_MOST || inHandshakes || scenario.tpm.chip !== undefined;
  const poolSize = Math.ceil((scenario.tpm.poolSize ?? cores) / workers);
  const auto = dedicated && !inContainers ? 'dedicated' : 'pooled';
  return {
    workers,
    rangesAtOnce: rangesAtOnce(scenario, workers, plan.devices.count),
    tpmMode: scenario.tpm.mode === 'auto' ? auto : scenario.tpm.mode,
    tpmDevices,
    tpmPoolSize: tpmDevices === 0 ? 0 : Math.max(inContainers ? scenario.tpm.containers : 1, poolSize),
  };
}

/** Enough devices in hand to fill every slot of a closed loop; timed arrivals want all ranges at the start. */
function rangesAtOnce({ load, run: { rangeSize } }: Scenario, workers: number, devices: number): number {
  if (load.arrival === 'constant-concurrency') return 1 + Math.ceil(load.concurrency / (workers * rangeSize));
  return Math.max(1, Math.ceil(Math.ceil(devices / rangeSize) / workers));
}
