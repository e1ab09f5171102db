import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  connectDpsControl,
  DEFAULT_API_VERSION,
  type DeviceInHub,
  type Enrollment,
  type RegistrationRecord,
  type ServiceFault,
} from '../../simulators/index.ts';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { allowedAddress } from './allowed-hosts.ts';
import { readManagementToken } from './management-token.ts';
import { type RunEndpoint, seenRequests } from './run-endpoint.ts';

type ExternalEndpoint = Extract<Scenario['endpoint'], { kind: 'external' }>;

/**
 * Connects to an emulator that runs already; what the scenario leaves out, the emulator says of itself.
 *
 * @param allowed hosts besides loopback that the user has named
 * @throws EnvironmentError when it does not answer
 * @throws ScenarioError when it is neither on loopback nor allowed
 */
export async function connectEndpoint(
  endpoint: ExternalEndpoint,
  scenarioFile: string,
  allowed: readonly string[],
): Promise<RunEndpoint> {
  const { managementUrl, managementTokenFile: tokenFile } = endpoint;
  const addressOf = (host: string, key: string): Promise<string> =>
    allowedAddress({ host, key, file: scenarioFile }, allowed);
  const managementHost = new URL(managementUrl).hostname;
  const managementAddress = await addressOf(managementHost, 'endpoint.managementUrl');
  const control = connectDpsControl(
    managementUrl,
    tokenFile === undefined
      ? {}
      : { token: await readManagementToken(resolve(dirname(scenarioFile), tokenFile)) },
  );
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
    address:
      endpoint.address === undefined && isUnspecified(info.https.address)
        ? managementAddress
        : await addressOf(endpoint.address ?? info.https.address, 'endpoint.address'),
    port: endpoint.port ?? info.https.port,
    mqttPort: info.mqtt.port,
    amqpPort: info.amqp.port,
    idScope: endpoint.idScope ?? info.idScope,
    apiVersion: DEFAULT_API_VERSION,
    caPem: endpoint.caFile === undefined ? info.caPem : await readCa(endpoint.caFile, scenarioFile),
  };
  const before = await ask(control.registrations());
  const messagesBefore = (await ask(control.telemetry())).length;
  const enrolled: string[] = [];
  let faultsBefore: readonly ServiceFault[] | undefined;
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
    // An emulator of an older version has no such question.
    evidence: async (ids) => {
      const enrollments = await control.evidence(ids).catch(() => undefined);
      return enrollments && { idScope: info.idScope, enrollments };
    },
    addFaults: async (faults) => {
      faultsBefore ??= await ask(control.faults());
      await ask(control.orderFaults([...faultsBefore, ...faults]));
    },
    devices: () => ask(control.devices()),
    // A ring: what was there before may have gone.
    telemetry: async () => (await ask(control.telemetry())).slice(messagesBefore),
    requests: async () => seenRequests(await ask(control.requests())),
    registrations: async () => registeredSince(before, await ask(control.registrations())),
    // An emulator that is gone by now has nothing to tidy up.
    [Symbol.asyncDispose]: async () => {
      if (faultsBefore !== undefined) await control.orderFaults(faultsBefore).catch(() => undefined);
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

/** An emulator that listens on all addresses is where its management API is. */
const isUnspecified = (address: string): boolean => address === '0.0.0.0' || address === '::';

async function readCa(caFile: string, scenarioFile: string): Promise<string> {
  const path = resolve(dirname(scenarioFile), caFile);
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EnvironmentError('endpoint', `the CA file ${path} cannot be read`, { cause });
  });
}
