import type { RecordStorage } from '../storage/collection.ts';
import type { IssuedKeys } from './attestation/issued-keys.ts';
import type { DpsControl, DpsInfo } from './dps-control.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { RegistrationRegistry } from './registration-registry.ts';
import type { RequestLog } from './request-log.ts';
import { readState, replaceState, writeState } from './state/state-text.ts';

/** Control of an emulator in this process. */
export function createLocalControl(parts: {
  readonly storage: RecordStorage;
  readonly enrollments: EnrollmentStore;
  readonly registry: RegistrationRegistry;
  readonly issuedKeys: IssuedKeys;
  readonly log: RequestLog;
  readonly info: () => DpsInfo;
}): DpsControl {
  const { storage, enrollments, registry, issuedKeys, log, info } = parts;
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
        for (const part of [enrollments, registry, issuedKeys, log]) part.clear();
      }),
    info: () => done(info),
  };
}

/** The contract is asynchronous, as control may be remote; a throw becomes a rejection. */
const done = <T>(work: () => T): Promise<T> => Promise.try(work);
