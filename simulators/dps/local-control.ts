import type { IssuedKeys } from './attestation/tpm.ts';
import type { DpsControl } from './dps-control.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { RegistrationRegistry } from './registration-registry.ts';
import type { RequestLog } from './request-log.ts';

/** Control of an emulator in this process. */
export function createLocalControl(parts: {
  readonly enrollments: EnrollmentStore;
  readonly registry: RegistrationRegistry;
  readonly issuedKeys: IssuedKeys;
  readonly log: RequestLog;
}): DpsControl {
  const { enrollments, registry, issuedKeys, log } = parts;
  return {
    enroll: async (added) => {
      enrollments.put(added);
      await Promise.resolve();
    },
    removeEnrollments: async (ids) => {
      for (const id of ids) enrollments.remove(id);
      await Promise.resolve();
    },
    registrations: () => Promise.resolve(registry.records()),
    requests: () => Promise.resolve(log.list()),
    reset: async () => {
      for (const part of [enrollments, registry, issuedKeys, log]) part.clear();
      await Promise.resolve();
    },
  };
}
