import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientSetup } from '../../simulators/device/clients/provisioning-client.ts';
import { issueCredentials } from '../../simulators/device/credentials/issue-credentials.ts';
import { EdgeDeviceLife, type EdgeLifeOptions } from '../../simulators/device/life/edge-device-life.ts';
import type { DaemonLogLine } from '../../simulators/device/life/life-outcome.ts';
import { retryPolicies } from '../../simulators/device/retry-policy.ts';
import { specOf } from '../../simulators/device/testing/specs.ts';
import {
  type DeviceCredentials,
  type DeviceSpec,
  type DpsEndpoint,
  type EdgeVersion,
  type FleetAuthority,
  groupEnrollments,
  type IndividualEnrollment,
  type PlatformKind,
  type RunningDps,
  type TpmHost,
} from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import type { ManufacturedTpm } from '../../simulators/tpm/transport.ts';
import { DEFAULT_API_VERSION, GLOBAL_DEVICE_ENDPOINT } from '../../simulators/wire/constants.ts';

/** An edge device of a test: its disk, its credentials, and everything that its daemons wrote. */
export interface TestEdgeDevice {
  readonly spec: DeviceSpec;
  readonly log: readonly DaemonLogLine[];
  readonly texts: readonly string[];
  /** Switches it on: each is the device after a restart. */
  boot(changes?: Partial<EdgeLifeOptions>): EdgeDeviceLife;
  /** Of its disk. */
  read(path: string): string;
  has(path: string): boolean;
  mode(path: string): number;
  write(path: string, text: string): void;
  /** The content of all files. */
  everything(): string;
  /** Directories of devices whose modules are kept. */
  modulesKept(): readonly string[];
  /** What it boots with when its way to the services is another. */
  at(endpoint: Partial<DpsEndpoint>): Partial<EdgeLifeOptions>;
  forgetLog(): void;
  /** Enrolls it again, in the first hub unless told otherwise. */
  enroll(changes?: Partial<IndividualEnrollment>): Promise<void>;
}

export interface TestEdgeDeviceOptions
  extends Pick<EdgeLifeOptions, 'directory'>,
    Partial<Pick<EdgeLifeOptions, 'manual' | 'autoReprovisioning'>> {
  readonly platform: PlatformKind;
  readonly version: EdgeVersion;
  readonly dps: RunningDps;
  readonly authority: FleetAuthority;
  readonly spec?: Partial<DeviceSpec>;
  readonly tpm?: ManufacturedTpm;
  readonly tpms?: TpmHost;
}

/** Waits for nothing and tells the real time: tokens are judged by it. */
const hurriedClock = { ...systemClock, sleepMs: () => Promise.resolve() };

/** Issues a device's credentials and enrolls it. */
export async function makeEdgeDevice(options: TestEdgeDeviceOptions): Promise<TestEdgeDevice> {
  const { dps, authority, tpm, tpms, platform, version, directory } = options;
  const spec = specOf({ client: 'iot-edge', platform, version, ...options.spec });
  const { credentials, enrollment, manual } = await issueCredentials(spec, authority, { tpm });
  const [hub = ''] = dps.hubs;
  const enroll: TestEdgeDevice['enroll'] = (changes = {}) => {
    const admitted = [
      ...groupEnrollments(authority, [spec]),
      ...(enrollment === undefined ? [] : [enrollment]),
    ];
    return dps.control.enroll(admitted.map((one) => ({ ...one, iotHubHostName: hub, ...changes })));
  };
  await enroll();
  if (manual !== undefined) await dps.control.createDevices([{ hub, ...manual }]);
  const setup = setupOf(dps, spec, credentials, tpms);
  const log: DaemonLogLine[] = [];
  return {
    spec,
    log,
    get texts() {
      return log.map(({ text }) => text);
    },
    boot: (changes = {}) =>
      new EdgeDeviceLife({
        ...{ setup, directory, stepTimeoutMs: 20_000 },
        manual: options.manual ?? (manual && { hub, deviceId: manual.deviceId }),
        autoReprovisioning: options.autoReprovisioning,
        onLog: (line) => void log.push(line),
        ...changes,
      }),
    read: (path) => readFileSync(join(directory, path), 'utf8'),
    has: (path) => existsSync(join(directory, path)),
    mode: (path) => statSync(join(directory, path)).mode & 0o777,
    write: (path, text) => writeFileSync(join(directory, path), text),
    everything: () =>
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
        .join('\n'),
    modulesKept: () => readdirSync(join(directory, 'var/lib/aziot/identityd/modules')),
    at: (endpoint) => ({ setup: { ...setup, endpoint: { ...setup.endpoint, ...endpoint } } }),
    enroll,
    forgetLog: () => void log.splice(0),
  };
}

function setupOf(
  { https, mqtt, amqp, idScope, caPem }: RunningDps,
  spec: DeviceSpec,
  credentials: DeviceCredentials,
  tpms: TpmHost | undefined,
): ClientSetup {
  return {
    ...{ spec, credentials, tpms, fault: undefined, tokens: undefined, clock: hurriedClock, seed: 1 },
    endpoint: {
      ...{ hostName: GLOBAL_DEVICE_ENDPOINT, address: https.address, port: https.port },
      ...{ mqttPort: mqtt.port, amqpPort: amqp.port, idScope, caPem, apiVersion: DEFAULT_API_VERSION },
    },
    ...{ retryPolicy: retryPolicies.none, pollJitter: 0, userAgent: undefined, edge: {} },
  };
}
