import type { DeviceInHub, IndividualEnrollment } from '../../simulators/index.ts';
import type { RunEndpoint } from '../environment/run-endpoint.ts';
import type { Ask } from './ask.ts';
import type { Welcome } from './messages.ts';

/** In one message: certificates do not compress. */
const AT_ONCE = 100;

/** The endpoint of a run as its workers have it: devices go there themselves, enrollments by way of the coordinator. */
export function remoteEndpoint(ask: Ask, worker: string, { scenario, endpoint }: Welcome): RunEndpoint {
  const nothing = <T>(): Promise<readonly T[]> => Promise.resolve([]);
  return {
    kind: scenario.endpoint.kind,
    ...endpoint,
    behaviour: undefined,
    enroll: async (enrollments) => {
      // The coordinator has made the groups.
      const individual = enrollments.filter((one): one is IndividualEnrollment => 'registrationId' in one);
      for (const part of inParts(individual)) await ask('enroll', { worker, enrollments: part, devices: [] });
    },
    createDevices: async (devices: readonly DeviceInHub[]) => {
      for (const part of inParts(devices)) await ask('enroll', { worker, enrollments: [], devices: part });
    },
    addFaults: () => Promise.resolve(), // the coordinator has ordered them
    evidence: () => Promise.resolve(undefined), // the coordinator looks into failures
    devices: nothing,
    telemetry: nothing,
    registrations: nothing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const inParts = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, part) =>
    all.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
  );
