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

const transports = ['amqp', 'amqp-ws'] as const;

/** The two that are libraries: the daemon of IoT Edge speaks HTTPS only. */
const clients = clientKinds.filter((client) => client !== 'iot-edge');

const cells: readonly CellAxes[] = enrollmentKinds.flatMap((enrollment) =>
  attestationKinds.flatMap((attestation) =>
    clients.flatMap((client) =>
      transports.map(
        (transport): CellAxes => ({
          platform: 'linux',
          enrollment,
          attestation,
          keyStore: attestation === 'tpm' ? 'swtpm' : 'software',
          transport,
          client,
        }),
      ),
    ),
  ),
);
const possible = (candidates: readonly CellAxes[]): CellAxes[] =>
  candidates.filter((cell) => impossibility(cell) === undefined);
const mistaken = possible(cells.flatMap((cell) => answeredFaults.map((fault) => ({ ...cell, fault }))));
const titled = (some: readonly CellAxes[]) =>
  some.map((cell) => ({
    title: `${cell.transport}, ${cell.client} client, ${cell.attestation}, ${cell.enrollment}`,
    fault: cell.fault ?? '',
    cell,
  }));

describe('both clients against the emulator over AMQP', () => {
  const { signal } = new AbortController();
  let made: TestTpms;
  let tpms: TpmHost;
  let dps: RunningDps;
  let authority: FleetAuthority;

  beforeAll(async () => {
    made = await makeTestTpms(1);
    tpms = await openTpmHost({ mode: 'pooled', workDirectory: made.workDirectory, poolSize: 1 });
    dps = await startDps({ retryAfterSeconds: 1 });
    authority = await createFleetAuthority();
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
    await tpms[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });
  beforeEach(() => dps.control.reset());

  async function register(cell: CellAxes): Promise<DeviceTrace> {
    const spec: DeviceSpec = { ...cell, index: 0, registrationId: 'dev-01' };
    const { credentials, enrollment } = await issueCredentials(spec, authority, { tpm: made.tpms[0] });
    await dps.control.enroll([
      ...groupEnrollments(authority, [spec]),
      ...(enrollment === undefined ? [] : [enrollment]),
    ]);
    const { idScope, caPem } = dps;
    const amqpPort = dps.amqp.port;
    await using device = createDevice(spec, credentials, {
      endpoint: { ...dps.https, amqpPort, idScope, apiVersion: '2021-06-01', caPem },
      tpms,
      seed: 1,
      attemptTimeoutMs: 20_000,
      recordSteps: true,
    });
    await device.prepare(signal);
    return await device.register(signal);
  }

  it.each(titled(possible(cells)))('assigns a device: $title', async ({ cell }) => {
    const trace = await register(cell);
    const [record, ...others] = await dps.control.registrations();
    expect(trace).toMatchObject({
      result: { kind: 'assigned', deviceId: 'dev-01', substatus: 'initialAssignment' },
      retries: 0,
      polls: 1,
    });
    expect(others).toEqual([]);
    expect(record).toMatchObject({ registrationId: 'dev-01', status: 'assigned', timesAssigned: 1 });
    expect(Object.keys(trace.phasesMs)).toEqual(
      expect.arrayContaining(['tcp-tls', 'register', 'poll-wait', 'poll']),
    );
  });

  it.each(titled(mistaken))('answers $fault as documented: $title', async ({ cell }) => {
    const { result } = await register(cell);
    const expected = expectedOfFault(cell.fault ?? expect.unreachable(), cell);
    if (expected.result !== 'refused') {
      expect(result).toMatchObject({ kind: 'ended', status: expected.result });
    } else if (expected.status !== undefined) {
      const { status, errorCode } = expected;
      expect(result).toMatchObject({
        kind: 'error',
        error: { name: 'DpsServiceError', details: { status, ...(errorCode ? { errorCode } : {}) } },
      });
    } else {
      expect(result).toMatchObject({
        kind: 'error',
        error: { name: 'TpmResponseError', code: expected.code },
      });
    }
    expect((await dps.control.registrations()).filter(({ status }) => status === 'assigned')).toEqual([]);
  });
});
