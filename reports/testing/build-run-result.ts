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
      buildCheck({ kind: 'threshold', name: 'total p(95) < 500 ms', actual: 'p(95) = 124 ms' }),
      buildCheck({ kind: 'expectation', name: 'assigned = 100 %', actual: '100 %' }),
      buildCheck({
        kind: 'oracle',
        name: 'every device assigned once, to the right hub, under its own deviceId',
        actual: '1,000 of 1,000; none lost, doubled or crossed',
      }),
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

/** A check that held, unless `changes` say otherwise. */
export function buildCheck(changes: Partial<Check> = {}): Check {
  return {
    kind: 'threshold',
    name: 'total p(95) < 500 ms',
    passed: true,
    actual: 'p(95) = 124 ms',
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

/** A run in which the oracle found devices that are not where they should be. */
export function buildFailedRun(): RunResult {
  return buildRunResult({
    verdict: 'correctness-failed',
    cells: [
      buildCell({ attestation: 'symmetric-key' }, 400, 22),
      buildCell(
        { attestation: 'x509', outcomes: { ...noOutcomes, assigned: 371, ended: 4, error: 25 } },
        400,
        31,
      ),
      buildCell(
        { attestation: 'tpm', keyStore: 'swtpm', outcomes: { ...noOutcomes, assigned: 199, error: 1 } },
        200,
        88,
      ),
      buildCell({
        attestation: 'tpm',
        keyStore: 'swtpm',
        transport: 'mqtt',
        notPossible: 'DPS offers no TPM attestation over MQTT',
        devices: 0,
        outcomes: noOutcomes,
        totalMs: buildDistribution(0, 0),
      }),
    ],
    errors: [
      {
        code: 'DPS_401002',
        count: 25,
        message: 'Unauthorized: the certificate chain does not end in a CA of the enrollment group',
        hint: 'Upload the intermediate CA to the enrollment group, or let the device send the full chain.',
        examples: ['x509-00017', 'x509-00093', 'x509-00211'],
      },
      {
        code: 'DPS_403',
        count: 4,
        message: 'The enrollment is disabled',
        hint: null,
        examples: ['x509-00301'],
      },
      {
        code: 'ECONNRESET',
        count: 1,
        message: 'the peer closed the connection while TLS was being set up',
        hint: 'Look for a limit on connections at the endpoint.',
        examples: ['tpm-00042'],
      },
    ],
    checks: [
      buildCheck({ name: 'total p(95) < 500 ms' }),
      buildCheck({
        kind: 'expectation',
        name: 'assigned = 100 %',
        passed: false,
        actual: '97 %',
        detail: '30 of 1,000 devices were not assigned',
      }),
      buildCheck({
        kind: 'oracle',
        name: 'every device assigned once, to the right hub, under its own deviceId',
        passed: false,
        actual: '970 of 1,000; 30 lost',
        detail: 'lost: x509-00017, x509-00093, x509-00211 and 27 more',
      }),
    ],
  });
}

/** A run that Ctrl-C ended. */
export function buildInterruptedRun(): RunResult {
  return buildRunResult({
    verdict: 'interrupted',
    durationMs: 3_015,
    cells: [
      buildCell(
        { attestation: 'symmetric-key', outcomes: { ...noOutcomes, assigned: 180, aborted: 20 } },
        400,
        22,
      ),
      buildCell({ attestation: 'x509' }, 150, 31),
    ],
    checks: [],
  });
}

/** A run in which nothing happened. */
export function buildEmptyRun(): RunResult {
  const none = buildDistribution(0, 0);
  return buildRunResult({
    cells: [],
    durationMs: 0,
    preparationMs: 0,
    cpuPerDeviceMs: 0,
    total: none,
    phases: {},
    lateness: none,
    checks: [],
    timeSeries: { intervalMs: 1_000, slices: [] },
  });
}

/** One device, one phase, one slice: the smallest run there is. */
export function buildSingleDeviceRun(): RunResult {
  const one = {
    count: 1,
    minMs: 21,
    meanMs: 21,
    p50Ms: 21,
    p90Ms: 21,
    p95Ms: 21,
    p99Ms: 21,
    maxMs: 21,
    hdr: '',
  };
  return buildRunResult({
    cells: [buildCell({ totalMs: one }, 1)],
    durationMs: 21,
    total: one,
    phases: { register: one, 'poll-wait': { ...one, minMs: 0, meanMs: 0, p50Ms: 0 } },
    lateness: one,
  });
}

/** 200 cells, of which three need a look. */
export function buildWideMatrixRun(): RunResult {
  const transports = ['https', 'mqtt', 'mqtt-ws', 'amqp', 'amqp-ws'];
  const faults = [null, 'slow-assigning', 'throttled', 'retry-after-missing'];
  const cells = ['linux', 'eflow', 'windows', 'embedded', 'container'].flatMap((platform) =>
    ['individual', 'group'].flatMap((enrollment) =>
      transports.flatMap((transport) =>
        faults.map((fault) => buildCell({ platform, enrollment, transport, fault }, 50)),
      ),
    ),
  );
  const withTrouble = cells.map((cell, index) =>
    index % 80 === 41 ? { ...cell, outcomes: { ...noOutcomes, assigned: 48, error: 2 } } : cell,
  );
  return buildRunResult({ cells: withTrouble, verdict: 'correctness-failed' });
}

/** Figures of a run over days with hundreds of millions of devices. */
export function buildHugeRun(): RunResult {
  const devices = 987_654_321;
  return buildRunResult({
    cells: [buildCell({ outcomes: { ...noOutcomes, assigned: devices - 1, error: 1 } }, devices, 912_345)],
    durationMs: 345_678_901,
    preparationMs: 98_765_432,
    cpuPerDeviceMs: 12_345.678,
    total: buildDistribution(devices, 912_345),
    phases: {
      'poll-wait': buildDistribution(devices, 3_600_000),
      register: buildDistribution(devices, 0.0123),
    },
    timeSeries: {
      intervalMs: 1_000,
      slices: buildSlices({ ...noOutcomes, assigned: devices - 1, error: 1 }, 5_000),
    },
    checks: [buildCheck({ name: 'total p(99.99) < 1 h', passed: false, actual: 'p(99.99) = 1 h 34 min' })],
    verdict: 'performance-failed',
  });
}

/** Text that breaks out of HTML, XML, Markdown tables and terminals where it is not escaped. */
export const hostileText = `<script>alert("1")</script>'&]]>|\`**_x_**\u001b[31m\u202e\u0000\ud800\n# x 設備 👩‍🔧`;

/** Hostile text in every field that can come from a scenario, a service or a device. */
export function buildHostileRun(): RunResult {
  const cell = buildCell({ platform: hostileText, fault: hostileText }, 5);
  const base = buildFailedRun();
  return buildRunResult({
    tool: { name: 'dps-rig', version: hostileText },
    scenario: { name: hostileText, description: hostileText, file: hostileText, seed: 1 },
    endpoint: { kind: hostileText, host: hostileText, idScope: hostileText },
    machine: { ...base.machine, cpu: hostileText, node: hostileText, os: hostileText },
    load: { arrival: hostileText, workers: 1, tpmMode: hostileText },
    phases: { [hostileText]: buildDistribution(5, 10) },
    cells: [
      cell,
      buildCell({ platform: hostileText, attestation: hostileText, notPossible: hostileText }, 0),
    ],
    errors: [
      { code: hostileText, count: 5, message: hostileText, hint: hostileText, examples: [hostileText] },
    ],
    checks: [
      buildCheck({ name: hostileText, actual: hostileText, detail: hostileText, passed: false }),
      buildCheck({ kind: 'oracle', name: hostileText, actual: hostileText, cell: cell.name, passed: false }),
    ],
    verdict: 'correctness-failed',
  });
}

/** Every fixture by name, for tests that must hold for all of them. */
export const runResultFixtures = {
  passed: () => buildRunResult(),
  failed: buildFailedRun,
  interrupted: buildInterruptedRun,
  empty: buildEmptyRun,
  'single-device': buildSingleDeviceRun,
  'wide-matrix': buildWideMatrixRun,
  huge: buildHugeRun,
  hostile: buildHostileRun,
} as const satisfies Record<string, () => RunResult>;

function addOutcomes(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  return {
    assigned: a.assigned + b.assigned,
    ended: a.ended + b.ended,
    error: a.error + b.error,
    aborted: a.aborted + b.aborted,
  };
}

/** Spreads the outcomes over the slices with a rise at the start and a fall at the end; totals are exact. */
function buildSlices(outcomes: OutcomeCounts, count: number): TimeSlice[] {
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
