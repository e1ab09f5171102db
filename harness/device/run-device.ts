import {
  createDevice,
  type DeviceTrace,
  type EdgeConfig,
  type Enrollment,
  manualDevice,
  type OpenedDevice,
  type TraceStep,
} from '../../simulators/index.ts';
import { InvariantError, UsageError } from '../../simulators/kernel/errors.ts';
import { openEndpoint } from '../environment/endpoint.ts';
import type { RunEndpoint } from '../environment/run-endpoint.ts';

/** Where a device of the user's is sent. */
export interface DeviceRunOptions {
  readonly config: EdgeConfig;
  readonly device: OpenedDevice;
  /** Management URL of an emulator that runs; default: one in this process. */
  readonly endpointUrl?: string | undefined;
  /** What the service is told of the device; default: what its credential says. Not for an emulator that runs. */
  readonly enrollments?: readonly Enrollment[] | undefined;
  /** The device's own waits are a hundredth of what they are. */
  readonly fast: boolean;
  readonly signal: AbortSignal;
  /** What stands in for what, before it begins. */
  readonly onRemark: (remark: string) => void;
  readonly onStep: (step: TraceStep) => void;
}

/** What became of it. */
export interface DeviceRun {
  readonly trace: DeviceTrace;
  /** As the hub knows them afterwards. */
  readonly modules: readonly string[];
}

/** Of one device, waiting included: some versions wait for minutes before they give up. */
const ATTEMPT_TIMEOUT_MS = 10 * 60_000;

/**
 * Sends one configured device through its registration and to its hub, against an emulator on this machine.
 *
 * @throws EnvironmentError when the emulator does not start or answer
 * @throws UsageError when the service cannot know the device's key
 */
export async function runDevice(options: DeviceRunOptions): Promise<DeviceRun> {
  const { config, device, signal, onStep } = options;
  await using endpoint = await openDeviceEndpoint(options);
  if (options.enrollments !== undefined) await endpoint.enroll(options.enrollments);
  else if (options.endpointUrl === undefined) await makeKnown(endpoint, options);
  const { provisioning } = config;
  await using simulated = createDevice(device.spec, device.credentials, {
    endpoint:
      provisioning.source === 'dps' ? { ...endpoint.dps, idScope: provisioning.idScope } : endpoint.dps,
    tpms: device.tpms,
    tokens: device.tokens,
    seed: 1,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    recordSteps: true,
    hubConnect: 'telemetry',
    edge: options.fast ? { ...device.settings, timeScale: 0.01 } : device.settings,
    hubs: provisioning.source === 'manual' ? [provisioning.hubHostName] : endpoint.hubs,
    onStep,
  });
  await simulated.prepare(signal);
  const trace = await simulated.register(signal);
  const { result } = trace;
  if (result.kind !== 'assigned') return { trace, modules: [] };
  const known = await endpoint.devices();
  return { trace, modules: known.find(({ deviceId }) => deviceId === result.deviceId)?.modules ?? [] };
}

/** The names of the configuration are kept: only where they lead to is another machine, this one. */
async function openDeviceEndpoint({ config, endpointUrl, onRemark }: DeviceRunOptions): Promise<RunEndpoint> {
  const { provisioning, parentHostName } = config;
  const endpoint =
    endpointUrl === undefined
      ? await openEndpoint(
          {
            kind: 'emulator',
            backend: 'process',
            retryAfterSeconds: 1,
            assigningDurationMs: 0,
            ...(provisioning.source === 'dps' ? { idScope: provisioning.idScope } : {}),
            ...(provisioning.source === 'manual' ? { hubs: [provisioning.hubHostName] } : {}),
          },
          { scenarioFile: 'device', seed: 1 },
        )
      : await openEndpoint(
          { kind: 'external', managementUrl: endpointUrl },
          { scenarioFile: 'device', seed: 1 },
        );
  const emulator = `the emulator at ${endpoint.dps.address}:${endpoint.dps.port}`;
  if (provisioning.source === 'dps') onRemark(`${emulator} stands in for ${provisioning.globalEndpoint}`);
  if (provisioning.source === 'manual')
    onRemark(`${emulator} stands in for the hub ${provisioning.hubHostName}`);
  if (parentHostName !== undefined)
    onRemark(`and for the parent ${parentHostName}: there is no edge hub between`);
  return endpoint;
}

async function makeKnown(
  endpoint: RunEndpoint,
  { config, device, onRemark }: DeviceRunOptions,
): Promise<void> {
  const { provisioning } = config;
  const { attestation, spec } = device;
  if (attestation === undefined) {
    throw new UsageError('the key is in a token, which does not give it away: the service cannot know it', {
      hint: 'Give its enrollment: --enrollments FILE, in the form of `dps-rig emulate`.',
    });
  }
  switch (provisioning.source) {
    case 'manual':
      await endpoint.createDevices([{ hub: provisioning.hubHostName, ...manualDevice(spec, attestation) }]);
      onRemark(`the device is made in that hub, with the proof that the configuration gives it`);
      return;
    case 'dps': {
      const { registrationId } = spec;
      await endpoint.enroll([{ registrationId, attestation, capabilities: { iotEdge: true } }]);
      onRemark(
        `an individual enrollment is made for ${registrationId}, with the proof that the configuration gives it`,
      );
      return;
    }
    case 'none':
    case 'external':
      throw new InvariantError(`a device of source ${provisioning.source} is not enrolled`);
  }
}
