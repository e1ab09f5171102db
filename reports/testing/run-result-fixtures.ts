import type { RunResult } from '../run-result.ts';
import {
  buildCell,
  buildCellCheck,
  buildCheck,
  buildDistribution,
  buildErrors,
  buildOracleChecks,
  buildRunResult,
  buildSlices,
  noOutcomes,
} from './build-run-result.ts';

/** A run in which the oracle found devices that are not where they should be. */
export function buildFailedRun(): RunResult {
  const cells = [
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
  ];
  return buildRunResult({
    verdict: 'correctness-failed',
    cells,
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
      ...buildOracleChecks('970 of 1000 devices assigned').map((check, index) =>
        index === 1
          ? {
              ...check,
              passed: false,
              actual: '1 wrong',
              detail: 'x509-00007: hub-b.local, registry hub-a.local',
            }
          : check,
      ),
      ...cells
        .filter(({ notPossible }) => notPossible === null)
        .map((cell) =>
          buildCellCheck(cell, {
            detail:
              cell.outcomes.assigned === cell.devices
                ? null
                : `${cell.attestation}-00017: DPS_401002: Unauthorized`,
          }),
        ),
      buildCheck(),
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

/** A conformance run in which refusals are what the scenario wants. */
function buildRefusalsRun(): RunResult {
  const cells = [
    buildCell({ attestation: 'x509' }, 20, 31),
    buildCell({ fault: 'wrong-key', outcomes: { ...noOutcomes, error: 20 } }, 20, 14),
    buildCell({ fault: 'disabled-enrollment', outcomes: { ...noOutcomes, ended: 20 } }, 20, 18),
  ];
  const [assigned, refused, disabled] = ['assigned', 'refused (401 401002)', 'disabled'];
  return buildRunResult({
    cells,
    errors: buildErrors([
      ['DPS_401002', 20],
      ['DPS_disabled', 20],
    ]),
    checks: [
      ...buildOracleChecks('20 of 60 devices assigned'),
      ...cells.map((cell, index) =>
        buildCellCheck(cell, {
          name: `${cell.name} ends as ${[assigned, refused, disabled][index] ?? ''}`,
          passed: true,
          actual: '20 of 20',
        }),
      ),
    ],
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
function buildSingleDeviceRun(): RunResult {
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
function buildHugeRun(): RunResult {
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
    checks: [buildCheck({ name: 'total: p(99.99) < 3600 s', passed: false, actual: '5640 s' })],
    verdict: 'performance-failed',
  });
}

/** Text that breaks out of HTML, XML, Markdown tables and terminals where it is not escaped. */
export const hostileText = `<script>alert("1")</script>'&]]>|\`**_x_**\u001b[31m\u202e\u0000\ud800\n# x 設備 👩‍🔧`;

/** Hostile text in every field that can come from a scenario, a service or a device. */
function buildHostileRun(): RunResult {
  const cell = buildCell({ platform: hostileText, fault: hostileText }, 5);
  const base = buildFailedRun();
  return buildRunResult({
    tool: { name: 'dps-rig', version: hostileText },
    scenario: { name: hostileText, description: hostileText, file: hostileText, seed: 1 },
    endpoint: {
      kind: hostileText,
      host: hostileText,
      idScope: hostileText,
      rules: { [hostileText]: hostileText },
      notAsUsual: [hostileText],
    },
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
    diagnoses: [
      {
        registrationId: hostileText,
        cell: cell.name,
        code: hostileText,
        cause: hostileText,
        statement: hostileText,
        confidence: 'likely',
        explain: hostileText,
        scenario: hostileText,
        fix: hostileText,
      },
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
  refusals: buildRefusalsRun,
  empty: buildEmptyRun,
  'single-device': buildSingleDeviceRun,
  'wide-matrix': buildWideMatrixRun,
  huge: buildHugeRun,
  hostile: buildHostileRun,
} as const satisfies Record<string, () => RunResult>;
