import { randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import type { Admission } from './attestation/admission.ts';
import type { RegistrationRecord } from './dps-control.ts';
import { serviceTime } from './service-time.ts';

/** One run of register: what it will end as, and when. */
export interface Operation {
  readonly operationId: string;
  readonly finishesAtMs: number;
  readonly result: DeviceRegistrationResult;
}

interface Registration {
  operation: Operation;
  enrollmentId: string;
  createdAt: string;
  timesAssigned: number;
}

/** Registrations and their last operation, by registrationId without regard to case. */
export class RegistrationRegistry {
  readonly #byId = new Map<string, Registration>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  assign(
    registrationId: string,
    admission: Admission,
    {
      operationId,
      finishesAtMs,
      hub,
    }: { operationId: string; finishesAtMs: number; hub: string | undefined },
  ): void {
    if (hub === undefined) {
      const failure = {
        status: 'failed' as const,
        errorCode: 400208,
        errorMessage: 'No IoT hub is linked for this enrollment',
      };
      this.#store(registrationId, admission, operationId, finishesAtMs, failure);
      return;
    }
    this.#store(registrationId, admission, operationId, finishesAtMs, {
      assignedHub: hub,
      deviceId: admission.deviceId,
      status: 'assigned',
      substatus: 'initialAssignment',
      ...admission.stateMember(),
    });
  }

  disable(registrationId: string, admission: Admission, operationId: string, finishesAtMs: number): void {
    const disabled = {
      status: 'disabled' as const,
      errorCode: 400000,
      errorMessage: 'The enrollment is disabled',
    };
    this.#store(registrationId, admission, operationId, finishesAtMs, disabled);
  }

  operation(registrationId: string, operationId: string): Operation | undefined {
    const operation = this.#byId.get(registrationId.toLowerCase())?.operation;
    return operation?.operationId === operationId ? operation : undefined;
  }

  find(registrationId: string): DeviceRegistrationResult | undefined {
    return this.#byId.get(registrationId.toLowerCase())?.operation.result;
  }

  records(): RegistrationRecord[] {
    return [...this.#byId.values()].map(({ operation: { result }, enrollmentId, timesAssigned }) => ({
      registrationId: result.registrationId,
      status: result.status === 'unassigned' ? 'assigning' : result.status,
      assignedHub: result.assignedHub,
      deviceId: result.deviceId,
      enrollmentId,
      timesAssigned,
    }));
  }

  clear(): void {
    this.#byId.clear();
  }

  #store(
    registrationId: string,
    { enrollmentId }: Admission,
    operationId: string,
    finishesAtMs: number,
    outcome: Omit<
      DeviceRegistrationResult,
      'registrationId' | 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'
    >,
  ): void {
    const key = registrationId.toLowerCase();
    const before = this.#byId.get(key);
    const now = serviceTime(this.#clock.nowMs());
    const createdAt = before?.createdAt ?? now;
    const result: DeviceRegistrationResult = {
      registrationId,
      createdDateTimeUtc: createdAt,
      ...outcome,
      lastUpdatedDateTimeUtc: now,
      etag: makeEtag(),
    };
    this.#byId.set(key, {
      operation: { operationId, finishesAtMs, result },
      enrollmentId,
      createdAt,
      timesAssigned: (before?.timesAssigned ?? 0) + (outcome.status === 'assigned' ? 1 : 0),
    });
  }
}

/** base64 of a quoted store tag, as the service's sample decodes: `"69003552-0000-0300-0000-630fda8a0000"`. */
function makeEtag(): string {
  const hex = randomBytes(8).toString('hex');
  return Buffer.from(`"${hex.slice(0, 8)}-0000-0300-0000-${hex.slice(8)}0000"`).toString('base64');
}
