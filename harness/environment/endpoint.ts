import {
  DEFAULT_API_VERSION,
  type DpsOptions,
  quotaProfiles,
  startDps,
  startEmulatorContainer,
} from '../../simulators/index.ts';
import { InvariantError, UsageError } from '../../simulators/kernel/errors.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { type AzureRun, connectAzure } from './azure/azure-endpoint.ts';
import { connectEndpoint } from './external-endpoint.ts';
import { type RunEndpoint, seenRequests } from './run-endpoint.ts';

/**
 * Starts the emulator in this process, or connects to one that runs.
 *
 * @param options.scenarioFile other files are named relative to it
 * @param options.seed of what the emulator leaves to chance
 * @param options.allowedHosts where load may go besides loopback
 * @param options.onKeyLog takes the secrets of the connections to an emulator in this process
 * @throws EnvironmentError when it does not start or answer
 * @throws ScenarioError when it is neither on loopback nor allowed
 */
export async function openEndpoint(
  endpoint: Scenario['endpoint'],
  options: {
    readonly scenarioFile: string;
    readonly seed: number;
    readonly allowedHosts?: readonly string[];
    /** Of a run at a real service. */
    readonly azure?: AzureRun | undefined;
    readonly onKeyLog?: ((line: Buffer) => void) | undefined;
    /** How many requests an emulator in this process remembers. Default: as many as it would. */
    readonly requestsKept?: number | undefined;
  },
): Promise<RunEndpoint> {
  const { scenarioFile, seed, allowedHosts = [], onKeyLog } = options;
  if (endpoint.kind === 'null') return nullEndpoint();
  if (endpoint.kind === 'azure') {
    if (options.azure === undefined) throw new InvariantError('a run at a real service was not prepared');
    return connectAzure(endpoint, options.azure);
  }
  const isHere = endpoint.kind === 'emulator' && endpoint.backend === 'process';
  if (isHere) return startEndpoint(endpoint, { seed, onKeyLog, requestsKept: options.requestsKept });
  if (onKeyLog !== undefined) {
    throw new UsageError('the keys of an emulator in another process are its own', {
      hint: 'Give --keylog to `dps-rig emulate`, or leave the emulator in this process.',
    });
  }
  if (endpoint.kind === 'emulator') return startContainer(endpoint, seed);
  return connectEndpoint(endpoint, scenarioFile, allowedHosts);
}

type EmulatorEndpoint = Extract<Scenario['endpoint'], { kind: 'emulator' }>;

/** An emulator in a container: the same settings, reached through published ports and its management API. */
async function startContainer(
  { kind: _kind, backend: _backend, rules = {}, quotas, faults = [], ...ordered }: EmulatorEndpoint,
  seed: number,
): Promise<RunEndpoint> {
  await using resources = new AsyncDisposableStack();
  const options = { ...withoutAbsent(ordered), ...limitsOf(quotas), rules: withoutAbsent(rules), seed };
  const container = resources.use(await startEmulatorContainer(options));
  const { ports, control } = container;
  if (faults.length > 0) await control.orderFaults(faults);
  const info = await control.info();
  const running = resources.move();
  return {
    kind: 'emulator',
    dps: {
      ...{ hostName: info.https.hostName, address: '127.0.0.1', port: ports.https },
      ...{ mqttPort: ports.mqtt, amqpPort: ports.amqp },
      ...{ idScope: info.idScope, apiVersion: DEFAULT_API_VERSION, caPem: info.caPem },
    },
    behaviour: { rules: info.rules, profile: info.profile, latency: info.latency },
    hubs: info.hubs,
    enroll: (enrollments) => control.enroll(enrollments),
    createDevices: (devices) => control.createDevices(devices),
    evidence: async (ids) => ({ idScope: info.idScope, enrollments: await control.evidence(ids) }),
    addFaults: async (faults) => control.orderFaults([...(await control.faults()), ...faults]),
    devices: () => control.devices(),
    telemetry: () => control.telemetry(),
    requests: async () => seenRequests(await control.requests()),
    registrations: () => control.registrations(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startEndpoint(
  { kind: _kind, backend: _backend, rules = {}, quotas, ...ordered }: EmulatorEndpoint,
  here: Pick<DpsOptions, 'seed'> & {
    readonly onKeyLog: ((line: Buffer) => void) | undefined;
    readonly requestsKept: number | undefined;
  },
): Promise<RunEndpoint> {
  const { requestsKept } = here;
  const dps = await startDps({
    ...withoutAbsent(ordered),
    ...limitsOf(quotas),
    rules: withoutAbsent(rules),
    ...withoutAbsent(here),
  });
  return {
    kind: 'emulator',
    dps: {
      ...dps.https,
      mqttPort: dps.mqtt.port,
      amqpPort: dps.amqp.port,
      idScope: dps.idScope,
      apiVersion: DEFAULT_API_VERSION,
      caPem: dps.caPem,
    },
    behaviour: { rules: dps.rules, profile: dps.profile, latency: dps.latency },
    hubs: dps.hubs,
    enroll: (enrollments) => dps.control.enroll(enrollments),
    createDevices: (devices) => dps.control.createDevices(devices),
    addFaults: async (faults) => dps.control.orderFaults([...(await dps.control.faults()), ...faults]),
    devices: () => dps.control.devices(),
    telemetry: () => dps.control.telemetry(),
    requests: async () => seenRequests(await dps.control.requests(), requestsKept),
    evidence: async (ids) => ({ idScope: dps.idScope, enrollments: await dps.control.evidence(ids) }),
    registrations: () => dps.control.registrations(),
    [Symbol.asyncDispose]: () => dps[Symbol.asyncDispose](),
  };
}

/** Nobody: devices are assigned without a word, evenly to two hubs. */
export function nullEndpoint(): RunEndpoint {
  const nothing = <T>(): Promise<readonly T[]> => Promise.resolve([]);
  return {
    kind: 'null',
    dps: {
      hostName: 'localhost',
      address: '127.0.0.1',
      port: 0,
      idScope: '0ne00000000',
      apiVersion: DEFAULT_API_VERSION,
      caPem: '',
    },
    behaviour: undefined,
    hubs: ['null-hub-1.azure-devices.example', 'null-hub-2.azure-devices.example'],
    enroll: () => Promise.resolve(),
    createDevices: () => Promise.resolve(),
    addFaults: () => Promise.resolve(),
    devices: nothing,
    telemetry: nothing,
    evidence: () => Promise.resolve(undefined),
    registrations: nothing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const limitsOf = (quotas: EmulatorEndpoint['quotas']): Pick<DpsOptions, 'quotas'> => {
  if (quotas === undefined) return {};
  return { quotas: typeof quotas === 'string' ? quotaProfiles[quotas] : withoutAbsent(quotas) };
};

/** zod writes `undefined` for a key that is not there; options know only keys that are. */
const withoutAbsent = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
