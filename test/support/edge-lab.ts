import {
  createDevice,
  createFleetAuthority,
  type DeviceContext,
  type DeviceSpec,
  type DeviceTrace,
  type DpsOptions,
  type FleetAuthority,
  groupEnrollments,
  issueCredentials,
  openTpmHost,
  type RunningDps,
  startDps,
  type TpmHost,
} from '../../simulators/index.ts';
import { createInstantClock, type InstantClock } from '../../simulators/kernel/testing/instant-clock.ts';
import type { SeenRequest } from '../../simulators/server/observe-requests.ts';
import { makeTestTpms, type TestTpms } from '../../simulators/tpm/testing/test-tpms.ts';

export const never = new AbortController().signal;

/** An emulator that tells what it was sent, and IoT Edge devices for it; their common clock only moves by waiting. */
export interface EdgeLab extends AsyncDisposable {
  readonly dps: RunningDps;
  readonly clock: InstantClock;
  readonly authority: FleetAuthority;
  /** Of the devices: one TPM, taken in turn. */
  readonly tpms: TpmHost;
  readonly test: TestTpms;
  /** Issues, enrolls, registers. @returns what the device and the emulator say of it */
  provision(spec: Partial<DeviceSpec>, context?: Partial<DeviceContext>): Promise<Provisioned>;
}

export interface Provisioned {
  readonly trace: DeviceTrace;
  /** What the emulator was sent meanwhile, in order. */
  readonly requests: readonly SeenRequest[];
  /** Waited in all that time, milliseconds. */
  readonly waitsMs: readonly number[];
}

export async function openEdgeLab(options: DpsOptions = {}): Promise<EdgeLab> {
  await using opened = new AsyncDisposableStack();
  const clock = createInstantClock(Date.now());
  const seen: SeenRequest[] = [];
  const test = opened.use(await makeTestTpms(1));
  const tpms = opened.use(
    await openTpmHost({ mode: 'pooled', workDirectory: test.workDirectory, poolSize: 1 }),
  );
  const dps = opened.use(
    await startDps({ ...options, clock, onRequest: (request) => void seen.push(request) }),
  );
  const authority = await createFleetAuthority('edge');
  const { https, idScope, caPem, hubs } = dps;
  const endpoint = { ...https, idScope, caPem, apiVersion: 'unused' };
  let devices = 0;
  const resources = opened.move();
  return {
    ...{ dps, clock, authority, tpms, test },
    provision: async (changes, context = {}) => {
      devices += 1;
      const attestation = changes.attestation ?? 'symmetric-key';
      const spec: DeviceSpec = {
        index: 0,
        registrationId: `Edge-${devices}`,
        enrollment: 'individual',
        keyStore: attestation === 'tpm' ? 'swtpm' : 'software',
        transport: 'https',
        client: 'iot-edge',
        platform: 'linux',
        ...changes,
        attestation,
      };
      const issued = await issueCredentials(spec, authority, { tpm: test.tpms[0] });
      if (issued.enrollment !== undefined) await dps.control.enroll([issued.enrollment]);
      await dps.control.enroll(groupEnrollments(authority, [spec]));
      const common = { endpoint, seed: 1, attemptTimeoutMs: 60_000, clock, tpms, hubs, recordSteps: true };
      await using device = createDevice(spec, issued.credentials, { ...common, ...context });
      await device.prepare(never);
      const [requestsBefore, waitsBefore] = [seen.length, clock.sleepsMs.length];
      const trace = await device.register(never);
      return { trace, requests: seen.slice(requestsBefore), waitsMs: clock.sleepsMs.slice(waitsBefore) };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** A header of a request, whatever its case; undefined when it was not sent. */
export const headerOf = ({ headers }: SeenRequest, name: string): string | undefined =>
  headers.find(([header]) => header.toLowerCase() === name)?.[1];

/** What a device logged, in order. */
export const logOf = ({ steps }: DeviceTrace): string[] =>
  steps.filter(({ step }) => step === 'log').map(({ detail }) => detail);
