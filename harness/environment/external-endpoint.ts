import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { dirname, resolve } from 'node:path';
import {
  connectDpsControl,
  DEFAULT_API_VERSION,
  type DeviceInHub,
  type Enrollment,
  type RegistrationRecord,
} from '../../simulators/index.ts';
import { EnvironmentError, ScenarioError } from '../../simulators/kernel/errors.ts';
import { parseProxyUrl } from '../../simulators/schemas.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import type { RunEndpoint } from './run-endpoint.ts';

type ExternalEndpoint = Extract<Scenario['endpoint'], { kind: 'external' }>;

/**
 * Connects to an emulator that runs already; what the scenario leaves out, the emulator says of itself.
 *
 * @throws EnvironmentError when it does not answer
 * @throws ScenarioError when it is not on loopback
 */
export async function connectEndpoint(
  endpoint: ExternalEndpoint,
  scenarioFile: string,
): Promise<RunEndpoint> {
  const { managementUrl } = endpoint;
  requireLoopback(new URL(managementUrl).hostname, 'endpoint.managementUrl', scenarioFile);
  const control = connectDpsControl(managementUrl);
  const ask = async <T>(question: Promise<T>): Promise<T> =>
    question.catch((cause: unknown) => {
      throw new EnvironmentError('endpoint', `the emulator at ${managementUrl} does not answer`, {
        hint: 'Start one with `dps-rig emulate`; it prints its management URL.',
        cause,
      });
    });
  const info = await ask(control.info());
  const dps = {
    hostName: endpoint.hostName ?? info.https.hostName,
    address: endpoint.address ?? info.https.address,
    port: endpoint.port ?? info.https.port,
    mqttPort: info.mqtt.port,
    amqpPort: info.amqp.port,
    idScope: endpoint.idScope ?? info.idScope,
    apiVersion: DEFAULT_API_VERSION,
    caPem: endpoint.caFile === undefined ? info.caPem : await readCa(endpoint.caFile, scenarioFile),
  };
  requireLoopback(dps.address, 'endpoint.address', scenarioFile);
  const before = await ask(control.registrations());
  const messagesBefore = (await ask(control.telemetry())).length;
  const enrolled: string[] = [];
  const made: DeviceInHub[] = [];
  return {
    kind: 'external',
    dps,
    behaviour: { rules: info.rules, profile: info.profile, latency: info.latency },
    hubs: info.hubs,
    enroll: async (enrollments) => {
      enrolled.push(...enrollments.map(idOf));
      await ask(control.enroll(enrollments));
    },
    createDevices: async (devices) => {
      made.push(...devices);
      await ask(control.createDevices(devices));
    },
    devices: () => ask(control.devices()),
    // A ring: what was there before may have gone.
    telemetry: async () => (await ask(control.telemetry())).slice(messagesBefore),
    registrations: async () => registeredSince(before, await ask(control.registrations())),
    // An emulator that is gone by now has nothing to tidy up.
    [Symbol.asyncDispose]: async () => {
      await control.removeEnrollments(enrolled).catch(() => undefined);
      await control.removeDevices(made).catch(() => undefined);
    },
  };
}

/** An emulator that runs for longer may have seen the same fleet before: that is not counted to this run. */
export function registeredSince(
  before: readonly RegistrationRecord[],
  now: readonly RegistrationRecord[],
): readonly RegistrationRecord[] {
  const earlier = new Map(before.map((record) => [record.registrationId, record.timesAssigned]));
  return now.flatMap((record) => {
    const times = record.timesAssigned - (earlier.get(record.registrationId) ?? 0);
    if (times === 0 && record.status === 'assigned') return [];
    return [{ ...record, timesAssigned: times }];
  });
}

const idOf = (enrollment: Enrollment): string =>
  'registrationId' in enrollment ? enrollment.registrationId : enrollment.enrollmentGroupId;

/** @throws ScenarioError when the devices' proxy is not on this machine */
export function requireLocalProxy({ run: { proxy } }: Pick<Scenario, 'run'>, file: string): void {
  const host = proxy === undefined ? undefined : parseProxyUrl(proxy)?.host;
  if (host !== undefined) requireLoopback(host, 'run.proxy', file);
}

function requireLoopback(address: string, key: string, file: string): void {
  const local = ['localhost', '::1', '[::1]'].includes(address);
  if (local || (isIPv4(address) && address.startsWith('127.'))) return;
  throw new ScenarioError(
    { file, key, message: `${address} is not a loopback address` },
    { hint: 'Load is only sent to an emulator on this machine, through nothing but a proxy on it.' },
  );
}

async function readCa(caFile: string, scenarioFile: string): Promise<string> {
  const path = resolve(dirname(scenarioFile), caFile);
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EnvironmentError('endpoint', `the CA file ${path} cannot be read`, { cause });
  });
}
