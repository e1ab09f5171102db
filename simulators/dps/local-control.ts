import type { HubDirectory } from '../hub/hub-directory.ts';
import type { IssuedKeys } from './attestation/issued-keys.ts';
import type { DeviceSummary, DpsControl, DpsInfo } from './dps-control.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { RegistrationRegistry } from './registration-registry.ts';
import type { RequestLog } from './request-log.ts';

/** Control of an emulator in this process. */
export function createLocalControl(parts: {
  readonly enrollments: EnrollmentStore;
  readonly registry: RegistrationRegistry;
  readonly directory: HubDirectory;
  readonly issuedKeys: IssuedKeys;
  readonly log: RequestLog;
  readonly info: () => DpsInfo;
}): DpsControl {
  const { enrollments, registry, directory, issuedKeys, log, info } = parts;
  return {
    enroll: (added) => done(() => enrollments.put(added)),
    removeEnrollments: (ids) =>
      done(() => {
        for (const id of ids) enrollments.remove(id);
      }),
    enrollments: () => done(() => enrollments.list()),
    uploadCaCertificate: (name, certificate) =>
      done(() => enrollments.caCertificates.upload(name, certificate)),
    requestCaVerification: (name) => done(() => enrollments.caCertificates.requestVerification(name)),
    verifyCaCertificate: (name, proof) => done(() => enrollments.caCertificates.verify(name, proof)),
    registrations: () => done(() => registry.records()),
    devices: () => done(() => summarizeDevices(directory)),
    telemetry: () => done(() => directory.telemetry.list()),
    requests: () => done(() => log.list()),
    reset: () =>
      done(() => {
        for (const part of [enrollments, registry, directory, issuedKeys, log]) part.clear();
      }),
    info: () => done(info),
  };
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
    })),
  );

/** The contract is asynchronous, as control may be remote; a throw becomes a rejection. */
const done = <T>(work: () => T): Promise<T> => Promise.try(work);
