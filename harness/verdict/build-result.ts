import { readFileSync } from 'node:fs';
import os from 'node:os';
import {
  type CellResult,
  type Check,
  type Diagnosis,
  type KeyCustody,
  RUN_RESULT_SCHEMA_VERSION,
  type RunResult,
} from '../../reports/run-result.ts';
import { describeBehaviour } from '../environment/describe-behaviour.ts';
import type { RunEndpoint } from '../environment/run-endpoint.ts';
import type { TimedPart } from '../load/register-fleet.ts';
import type { RunSetup } from '../load/run-setup.ts';
import { DurationHistogram } from '../metrics/histogram.ts';
import { describeLoad } from '../plan/arrivals.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import { keyStoreName } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

export interface ResultParts {
  readonly scenario: Scenario;
  readonly scenarioFile: string;
  readonly plan: FleetPlan;
  /** Absent of a whole fleet. */
  readonly part: RunResult['part'];
  readonly warmUpDevices: number;
  /** Absent of a run on one machine. */
  readonly machines?: RunResult['machines'];
  readonly endpoint: RunEndpoint;
  readonly setup: RunSetup;
  readonly startedAt: Date;
  readonly preparationMs: number;
  readonly timed: TimedPart;
  readonly calibration: RunResult['calibration'];
  readonly keyCustody: KeyCustody | undefined;
  readonly clientGrades?: RunResult['clientGrades'];
  readonly diagnoses: readonly Diagnosis[];
  readonly checks: readonly Check[];
  readonly interrupted: boolean;
}

/** Puts everything that a run came to into the one document that reports read. */
export function buildResult(parts: ResultParts): RunResult {
  const { scenario, scenarioFile, plan, endpoint, setup, checks, timed } = parts;
  const { recorder } = timed;
  const durationMs = recorder.lastEndMs;
  const devices = plan.devices.count;
  const timedDevices = devices - parts.warmUpDevices;
  return {
    schemaVersion: RUN_RESULT_SCHEMA_VERSION,
    tool: { name: 'dps-rig', version: rigVersion },
    scenario: { name: scenario.name, description: scenario.description, file: scenarioFile, seed: plan.seed },
    endpoint: {
      kind: endpoint.kind,
      host: endpoint.kind === 'null' ? 'nobody' : `${endpoint.dps.hostName}:${endpoint.dps.port}`,
      idScope: endpoint.dps.idScope,
      ...endpoint.behaviour,
      ...(endpoint.behaviour === undefined ? {} : { notAsUsual: [...describeBehaviour(endpoint.behaviour)] }),
    },
    machine: describeMachine(),
    load: {
      arrival: describeLoad(scenario.load),
      workers: setup.workers,
      tpmMode: describeTpms(setup, scenario),
    },
    startedAt: parts.startedAt.toISOString(),
    durationMs,
    preparationMs: parts.preparationMs,
    devices,
    ...(parts.part === undefined ? {} : { part: parts.part }),
    ...(parts.machines === undefined ? {} : { machines: parts.machines }),
    outcomes: recorder.counts,
    assignedPerSecond: durationMs === 0 ? 0 : (recorder.timed.assigned * 1000) / durationMs,
    ...(parts.calibration === undefined ? {} : { calibration: parts.calibration }),
    warmUpDevices: parts.warmUpDevices,
    stoppedBy: timed.stoppedBy ?? null,
    cpuPerDeviceMs: timedDevices === 0 ? 0 : timed.cpuMs / timedDevices,
    total: recorder.total.toDistribution(),
    phases: Object.fromEntries(
      recorder.phaseNames().map((phase) => [phase, recorder.phase(phase).toDistribution()]),
    ),
    lateness: recorder.lateness.toDistribution(),
    cells: plan.cells.map((cell, index): CellResult => {
      const { name, platform, version, enrollment, attestation, transport, client, fault } = cell;
      const keyStore = keyStoreName(cell);
      const measured = cell.notPossible === undefined ? recorder.cell(index) : undefined;
      return {
        ...{ name, platform, enrollment, attestation, keyStore, transport, client, fault: fault ?? null },
        ...(version === undefined ? {} : { version }),
        notPossible: cell.notPossible ?? null,
        devices: cell.devices,
        outcomes: measured?.counts ?? { assigned: 0, ended: 0, error: 0, aborted: 0 },
        totalMs: (measured?.total ?? new DurationHistogram()).toDistribution(),
      };
    }),
    ...(parts.keyCustody === undefined ? {} : { keyCustody: parts.keyCustody }),
    ...(parts.clientGrades === undefined ? {} : { clientGrades: parts.clientGrades }),
    errors: [...recorder.errors()],
    ...(parts.diagnoses.length === 0 ? {} : { diagnoses: [...parts.diagnoses] }),
    timeSeries: recorder.series.toReport(),
    checks: [...checks],
    verdict: verdictOf(checks, parts.interrupted),
  };
}

function describeTpms({ tpmDevices, tpmMode }: RunSetup, { tpm }: Scenario): string {
  if (tpmDevices === 0) return 'none';
  const where = tpm.backend === 'container' ? ` in ${tpm.containers} containers` : '';
  const chip = tpm.chip === undefined ? '' : `, as slow as ${tpm.chip}`;
  return `${tpmMode}${where}${chip}`;
}

/** Correctness goes before performance; an interrupted run has no verdict but that. */
export function verdictOf(checks: readonly Check[], interrupted: boolean): RunResult['verdict'] {
  if (interrupted) return 'interrupted';
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.some(({ kind }) => kind !== 'threshold')) return 'correctness-failed';
  return failed.length > 0 ? 'performance-failed' : 'passed';
}

/** Of this program. */
export const { version: rigVersion } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

function describeMachine(): RunResult['machine'] {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
  };
}
