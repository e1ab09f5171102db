import {
  type CellResult,
  type Check,
  type Distribution,
  type ErrorCount,
  type OutcomeCounts,
  RUN_RESULT_SCHEMA_VERSION,
  type RunResult,
  type TimeSlice,
} from '../run-result.ts';

/** A run of 1,000 devices in three cells in which everything went well; `changes` replace its fields. */
export function buildRunResult(changes: Partial<RunResult> = {}): RunResult {
  const cells = changes.cells ?? [
    buildCell({ attestation: 'symmetric-key' }, 400, 22),
    buildCell({ attestation: 'x509' }, 400, 31),
    buildCell({ attestation: 'tpm', keyStore: 'swtpm' }, 200, 88),
  ];
  const outcomes = cells.reduce((sum, cell) => addOutcomes(sum, cell.outcomes), noOutcomes);
  const devices = cells.reduce((sum, cell) => sum + cell.devices, 0);
  const durationMs = changes.durationMs ?? 8_432;
  return {
    schemaVersion: RUN_RESULT_SCHEMA_VERSION,
    tool: { name: 'dps-rig', version: '0.1.0' },
    scenario: {
      name: 'quickstart',
      description: 'A thousand devices register by symmetric key, X.509 and TPM 2.0.',
      file: 'scenarios/quickstart.toml',
      seed: 7,
    },
    endpoint: { kind: 'emulator', host: '127.0.0.1:8443', idScope: '0ne00000001' },
    machine: {
      cpu: 'AMD EPYC 7763 64-Core Processor',
      cores: 4,
      memoryGiB: 15.6,
      node: 'v24.21.0',
      os: 'Debian GNU/Linux 12',
    },
    load: { arrival: '120 devices per second', workers: 3, tpmMode: 'pooled' },
    startedAt: '2026-11-23T09:15:04.210Z',
    durationMs,
    preparationMs: 21_870,
    devices,
    outcomes,
    assignedPerSecond: durationMs === 0 ? 0 : outcomes.assigned / (durationMs / 1000),
    cpuPerDeviceMs: 3.42,
    total: buildDistribution(devices, 31),
    phases: {
      tpm: buildDistribution(200, 34),
      'tcp-tls': buildDistribution(1_000, 8.2),
      register: buildDistribution(1_000, 4.1),
      'poll-wait': buildDistribution(1_000, 12),
      poll: buildDistribution(1_000, 2.6),
    },
    lateness: buildDistribution(1_000, 0.3),
    cells,
    errors: [],
    timeSeries: { intervalMs: 500, slices: buildSlices(outcomes, Math.ceil(durationMs / 500)) },
    checks: [
      ...buildOracleChecks(`${outcomes.assigned} of ${devices} devices assigned`),
      ...cells.flatMap((cell) => (cell.notPossible === null ? [buildCellCheck(cell)] : [])),
      buildCheck(),
    ],
    verdict: 'passed',
    ...changes,
  };
}

/** A cell of the matrix on Linux over HTTPS, every device of it assigned unless `changes` say otherwise. */
export function buildCell(
  changes: Partial<CellResult> = {},
  devices: number = 100,
  medianMs: number = 30,
): CellResult {
  const axes = {
    platform: 'linux',
    enrollment: 'individual',
    attestation: 'symmetric-key',
    keyStore: 'software',
    transport: 'https',
    client: 'native',
    fault: null,
    ...changes,
  };
  const { platform, enrollment, attestation, keyStore, transport, client, fault } = axes;
  const path = [platform, enrollment, attestation, keyStore, transport, client];
  return {
    name: [...path, ...(fault === null ? [] : [fault])].join('/'),
    notPossible: null,
    devices,
    outcomes: { ...noOutcomes, assigned: devices },
    totalMs: buildDistribution(devices, medianMs),
    ...axes,
  };
}

/** What the oracle looks at, all of it held. */
export function buildOracleChecks(actual: string): Check[] {
  const names = [
    'no device is lost',
    'every device is on the hub that the service assigned, a linked one',
    'every device has its own deviceId (none crossed)',
  ];
  return names.map((name) => buildCheck({ kind: 'oracle', name, actual }));
}

/** The expectation on a cell: all of its devices assigned, or as `changes` say. */
export function buildCellCheck(cell: CellResult, changes: Partial<Check> = {}): Check {
  return {
    kind: 'expectation',
    name: `${cell.name} ends as assigned`,
    cell: cell.name,
    passed: cell.outcomes.assigned === cell.devices,
    actual: `${cell.outcomes.assigned} of ${cell.devices}`,
    detail: null,
    ...changes,
  };
}

/** A check that held, unless `changes` say otherwise. */
export function buildCheck(changes: Partial<Check> = {}): Check {
  return {
    kind: 'threshold',
    name: 'total: p(95) < 500 ms',
    passed: true,
    actual: '84 ms',
    detail: null,
    ...changes,
  };
}

/** Errors by code, each with a hint and one example. */
export function buildErrors(counts: readonly (readonly [code: string, count: number])[]): ErrorCount[] {
  return counts.map(([code, count]) => ({
    code,
    count,
    message: `${code} was answered`,
    hint: 'Look at the log of the service.',
    examples: ['device-00001'],
  }));
}

/** A plausible right-skewed distribution around a median; without values when `count` is 0. */
export function buildDistribution(count: number, medianMs: number): Distribution {
  if (count === 0) {
    const none = {
      minMs: null,
      meanMs: null,
      p50Ms: null,
      p90Ms: null,
      p95Ms: null,
      p99Ms: null,
      maxMs: null,
    };
    return { count, ...none, hdr: '' };
  }
  return {
    count,
    minMs: medianMs * 0.55,
    meanMs: medianMs * 1.18,
    p50Ms: medianMs,
    p90Ms: medianMs * 2.1,
    p95Ms: medianMs * 2.7,
    p99Ms: medianMs * 4.4,
    maxMs: medianMs * 6.2,
    hdr: '',
  };
}

export const noOutcomes: OutcomeCounts = { assigned: 0, ended: 0, error: 0, aborted: 0 };

function addOutcomes(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  return {
    assigned: a.assigned + b.assigned,
    ended: a.ended + b.ended,
    error: a.error + b.error,
    aborted: a.aborted + b.aborted,
  };
}

/** Spreads the outcomes over the slices with a rise at the start and a fall at the end; totals are exact. */
export function buildSlices(outcomes: OutcomeCounts, count: number): TimeSlice[] {
  const share = (total: number, index: number): number => {
    const until = (step: number): number => Math.round(total * ease(step / count));
    return until(index + 1) - until(index);
  };
  return Array.from({ length: count }, (_, index) => ({
    atMs: index * 500,
    started: share(outcomes.assigned + outcomes.ended + outcomes.error, Math.max(0, index)),
    outcomes: {
      assigned: share(outcomes.assigned, index),
      ended: share(outcomes.ended, index),
      error: share(outcomes.error, index),
      aborted: index === count - 1 ? outcomes.aborted : 0,
    },
    inFlight: Math.round(14 * Math.sin((Math.PI * (index + 0.5)) / count)),
  }));
}

function ease(x: number): number {
  return x * (1 - 0.06 * Math.sin(2 * Math.PI * x));
}
