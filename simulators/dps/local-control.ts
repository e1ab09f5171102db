import { z } from 'zod';
import type { HubDirectory } from '../hub/hub-directory.ts';
import { type HubIdentity, moduleOf } from '../hub/hub-identity.ts';
import { createIdentity, type HubRegistry } from '../hub/hub-registry.ts';
import { UsageError } from '../kernel/errors.ts';
import type { RecordStorage } from '../storage/collection.ts';
import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import type { IssuedKeys } from './attestation/issued-keys.ts';
import type { DeviceSummary, DpsControl, DpsInfo } from './dps-control.ts';
import { type AnsweredRequest, enrollmentEvidence, type HubIdentityEvidence } from './enrollment-evidence.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { FaultInjector } from './fault-injector.ts';
import type { RegistrationRegistry } from './registration-registry.ts';
import type { RequestLog } from './request-log.ts';
import { readState, replaceState, writeState } from './state/state-text.ts';

/** Control of an emulator in this process. */
export function createLocalControl(parts: {
  readonly storage: RecordStorage;
  readonly enrollments: EnrollmentStore;
  readonly registry: RegistrationRegistry;
  readonly directory: HubDirectory;
  readonly issuedKeys: IssuedKeys;
  readonly log: RequestLog;
  readonly injector: FaultInjector;
  readonly info: () => DpsInfo;
}): DpsControl {
  const { storage, enrollments, registry, directory, issuedKeys, log, injector, info } = parts;
  return {
    enroll: (added) => done(() => enrollments.put(added)),
    removeEnrollments: (ids) =>
      done(() => {
        for (const id of ids) enrollments.remove(id);
      }),
    enrollments: () => done(() => enrollments.list()),
    evidence: (ids) =>
      done(() => {
        const refusals = refusalsIn(log);
        const answered = answeredIn(log);
        return ids.map((id) =>
          enrollmentEvidence(id, {
            individual: enrollments.individual(id),
            groups: enrollments.groups(),
            refusal: refusals.get(id.toLowerCase()),
            lastRequest: answered.get(id.toLowerCase()),
            hubIdentity: hubIdentityOf(registry.state(id), directory),
            isLinked: (hub) => directory.find(hub) !== undefined,
          }),
        );
      }),
    uploadCaCertificate: (name, certificate) =>
      done(() => enrollments.caCertificates.upload(name, certificate)),
    requestCaVerification: (name) => done(() => enrollments.caCertificates.requestVerification(name)),
    verifyCaCertificate: (name, proof) => done(() => enrollments.caCertificates.verify(name, proof)),
    caCertificates: () => done(() => enrollments.caCertificates.list()),
    caCertificate: (name) => done(() => enrollments.caCertificates.get(name)),
    removeCaCertificate: (name) => done(() => enrollments.caCertificates.remove(name)),
    registrations: () => done(() => registry.records()),
    createDevices: (devices) =>
      done(() => {
        for (const { hub, ...device } of devices) hubOf(directory, hub).put(createIdentity(device));
      }),
    removeDevices: (devices) =>
      done(() => {
        for (const { hub, deviceId } of devices) hubOf(directory, hub).delete(deviceId);
      }),
    devices: () => done(() => summarizeDevices(directory)),
    telemetry: () => done(() => directory.telemetry.list()),
    requests: () => done(() => log.list()),
    exportState: () => done(() => [...writeState(storage)].join('')),
    importState: (text) =>
      done(() => {
        const records = [...readState(text.split('\n'))]; // all of them are right before anything changes
        enrollments.atomically(() => replaceState(storage, records));
        enrollments.reload();
      }),
    reset: () =>
      done(() => {
        for (const part of [enrollments, registry, directory, issuedKeys, log]) part.clear();
      }),
    orderFaults: (faults) => done(() => injector.order(faults)),
    faults: () => done(() => injector.faults),
    info: () => done(info),
  };
}

/** The last one of each device, by its registrationId in small letters. */
const refusalsIn = (log: RequestLog): ReadonlyMap<string, string> =>
  new Map(
    log.list().flatMap(({ registrationId, reason }) => {
      return registrationId === undefined || reason === undefined
        ? []
        : [[registrationId.toLowerCase(), reason] as const];
    }),
  );

/** What each device asked for last. */
const answeredIn = (log: RequestLog): ReadonlyMap<string, AnsweredRequest> =>
  new Map(
    log.list().flatMap(({ registrationId, operation, status, retryAfterSeconds }) => {
      return registrationId === undefined || operation === undefined
        ? []
        : [[registrationId.toLowerCase(), { operation, status, retryAfterSeconds }] as const];
    }),
  );

function hubIdentityOf(
  registered: DeviceRegistrationResult | undefined,
  directory: HubDirectory,
): HubIdentityEvidence | undefined {
  const { assignedHub: hub, deviceId } = registered ?? {};
  if (hub === undefined || deviceId === undefined) return undefined;
  return { hub, deviceId, status: directory.find(hub)?.get(deviceId)?.status ?? 'gone' };
}

/** @throws UsageError */
function hubOf(directory: HubDirectory, hostName: string): HubRegistry {
  const hub = directory.find(hostName);
  if (hub === undefined) throw new UsageError(`${hostName} is not a linked hub`);
  return hub;
}

const summarizeDevices = ({ hubs }: HubDirectory): DeviceSummary[] =>
  hubs.flatMap((hub) =>
    Array.from(hub.list(), (identity) => ({
      hub: hub.hostName,
      deviceId: identity.deviceId,
      status: identity.status,
      authentication: identity.authentication.type,
      iotEdge: identity.iotEdge,
      modules: Object.keys(identity.modules),
      reportedPlatform: reportedPlatform(identity),
    })),
  );

/** What a device reports is its own affair: any part may be missing or of another kind. */
function reportedPlatform(identity: HubIdentity): string | null {
  const reported = reportedByEdgeAgent.safeParse(moduleOf(identity, '$edgeAgent')?.twin.reported);
  if (!reported.success) return null;
  const { os, architecture, version } = reported.data.runtime.platform;
  return `${os} ${architecture} ${version}`;
}

const reportedByEdgeAgent = z.object({
  runtime: z.object({
    platform: z.object({ os: z.string(), architecture: z.string(), version: z.string() }),
  }),
});

/** The contract is asynchronous, as control may be remote; a throw becomes a rejection. */
const done = <T>(work: () => T): Promise<T> => Promise.try(work);
