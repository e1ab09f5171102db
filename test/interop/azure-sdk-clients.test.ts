import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  clientKinds,
  createDevice,
  createFleetAuthority,
  type DeviceSpec,
  type DeviceTrace,
  type FleetAuthority,
  groupEnrollments,
  issueCredentials,
  openTpmHost,
  type RunningDps,
  startDps,
  type TpmHost,
} from '../../simulators/index.ts';
import {
  attestationKinds,
  type CellAxes,
  enrollmentKinds,
  expectedOfFault,
  impossibility,
} from '../../simulators/schemas.ts';
import { makeTestTpms, type TestTpms } from '../../simulators/tpm/testing/test-tpms.ts';
import { answeredFaults } from '../support/answered-faults.ts';

/** The two that are libraries: the daemon of IoT Edge has tests of its own. */
const clients = clientKinds.filter((client) => client !== 'iot-edge');

/** Every combination of client, attestation and enrollment that can exist. */
const cells: readonly CellAxes[] = enrollmentKinds.flatMap((enrollment) =>
  attestationKinds.flatMap((attestation) =>
    clients.map(
      (client): CellAxes => ({
        platform: 'linux',
        enrollment,
        attestation,
        keyStore: attestation === 'tpm' ? 'swtpm' : 'software',
        transport: 'https',
        client,
      }),
    ),
  ),
);
const possible = (candidates: readonly CellAxes[]): CellAxes[] =>
  candidates.filter((cell) => impossibility(cell) === undefined);
const mistaken = possible(cells.flatMap((cell) => answeredFaults.map((fault) => ({ ...cell, fault }))));

const titleOf = ({ client, attestation, enrollment }: CellAxes): string =>
  `${client} client, ${attestation}, ${enrollment}`;
const titled = (some: readonly CellAxes[]) =>
  some.map((cell) => ({ title: titleOf(cell), fault: cell.fault ?? '', cell }));

/**
 * Our own client and the official SDK, unmodified, with the same credentials against the same emulator, over real TLS
 * and with real TPMs: both must come to the same results.
 */
describe('both clients against the emulator', () => {
  const { signal } = new AbortController();
  let made: TestTpms;
  let tpms: TpmHost;
  let dps: RunningDps;
  let authority: FleetAuthority;

  beforeAll(async () => {
    made = await makeTestTpms(1);
    tpms = await openTpmHost({ mode: 'pooled', workDirectory: made.workDirectory, poolSize: 1 });
    dps = await startDps({ retryAfterSeconds: 0 });
    authority = await createFleetAuthority();
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
    await tpms[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });
  beforeEach(() => dps.control.reset());

  /** Issues, enrolls, registers as often as asked. */
  async function register(cell: CellAxes, times = 1): Promise<DeviceTrace[]> {
    const spec: DeviceSpec = { ...cell, index: 0, registrationId: 'dev-01' };
    const { credentials, enrollment } = await issueCredentials(spec, authority, { tpm: made.tpms[0] });
    await dps.control.enroll([
      ...groupEnrollments(authority, [spec]),
      ...(enrollment === undefined ? [] : [enrollment]),
    ]);
    const { hostName, address, port } = dps.https;
    const { idScope, caPem } = dps;
    const endpoint = { hostName, address, port, idScope, apiVersion: '2021-06-01', caPem };
    await using device = createDevice(spec, credentials, {
      endpoint,
      tpms,
      seed: 1,
      attemptTimeoutMs: 20_000,
      recordSteps: true,
    });
    await device.prepare(signal);
    const traces: DeviceTrace[] = [];
    while (traces.length < times) traces.push(await device.register(signal));
    return traces;
  }

  it.each(titled(possible(cells)))('assigns a device: $title', async ({ cell }) => {
    const [trace] = await register(cell);
    const [record, ...others] = await dps.control.registrations();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ registrationId: 'dev-01', status: 'assigned', timesAssigned: 1 });
    expect(trace).toMatchObject({
      result: {
        kind: 'assigned',
        assignedHub: record?.assignedHub,
        deviceId: 'dev-01',
        substatus: 'initialAssignment',
      },
      retries: 0,
    });
    const { phasesMs } = trace ?? expect.unreachable();
    expect('tpm' in phasesMs).toBe(cell.attestation === 'tpm');
  });

  it.each(titled(possible(cells)))(
    'assigns it to the same hub when it registers again: $title',
    async ({ cell }) => {
      const [first, second] = await register(cell, 2);
      expect(second?.result).toMatchObject({ kind: 'assigned' });
      expect(second?.result).toEqual(first?.result);
    },
  );

  it.each(titled(mistaken))('answers $fault as documented: $title', async ({ cell }) => {
    const [{ result } = expect.unreachable()] = await register(cell);
    const expected = expectedOfFault(cell.fault ?? expect.unreachable(), cell);
    if (expected.result !== 'refused') {
      expect(result).toMatchObject({ kind: 'ended', status: expected.result });
    } else if (expected.status !== undefined) {
      const { status, errorCode } = expected;
      expect(result).toMatchObject({
        kind: 'error',
        error: { name: 'DpsServiceError', code: `DPS_${errorCode}`, details: { status, errorCode } },
      });
    } else {
      expect(result).toMatchObject({
        kind: 'error',
        error: { name: 'TpmResponseError', code: expected.code },
      });
    }
    expect((await dps.control.registrations()).filter(({ status }) => status === 'assigned')).toEqual([]);
  });

  it('cover every cell and every mistake that a client of this host can make', () => {
    expect(possible(cells)).toHaveLength(10);
    // The others, of TPMs, tokens, clocks and pass-throughs, have fleets of their own in scenarios/failure and conformance.
    expect(answeredFaults.length).toBeGreaterThan(20);
    const made = new Set(mistaken.map(({ fault }) => fault));
    // Tokens of these clients live for an hour: ten minutes do them no harm.
    expect(answeredFaults.filter((fault) => !made.has(fault))).toEqual(['clock-ten-minutes-late']);
  });

  it('let no secret into a trace or the request log', async () => {
    for (const cell of possible(cells)) {
      const traces = await register(cell);
      const written = JSON.stringify([traces, await dps.control.requests()]);
      expect(written).not.toMatch(/sig=|SharedAccessSignature|PRIVATE KEY|authenticationKey/);
      await dps.control.reset();
    }
  });
});
