import type { Clock } from '../kernel/clock.ts';
import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import { makeEtag } from '../wire/etag.ts';
import { serviceTime } from '../wire/service-time.ts';
import type { RegistrationRecord } from './dps-control.ts';
import type { Outcome } from './operation-outcome.ts';
import { idKey } from './registration-id.ts';
import type { Assignment } from './reprovisioning.ts';

/** One run of register: what it will end as, and when. */
export interface Operation {
  readonly operationId: string;
  readonly finishesAtMs: number;
  readonly result: DeviceRegistrationResult;
}

/** An operation and what it is to end as, when. */
interface Decided {
  readonly operationId: string;
  readonly finishesAtMs: number;
  readonly outcome: Outcome;
}

interface Registration {
  readonly createdAt: string;
  readonly enrollmentId: string;
  /** Newest first: a device that lost an answer may still ask for the operation before. */
  readonly operations: readonly [Operation, ...Operation[]];
  /** Operations that are, or will be, assigned. */
  readonly timesAssigned: number;
  readonly assignment: Assignment | undefined;
}

const OPERATIONS_KEPT = 4;

/** Registrations and their last operations, by registrationId without regard to case. */
export class RegistrationRegistry {
  readonly #byId = new Map<string, Registration>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins an operation that is `assigning` until its time, or, while its outcome is not known, until it is settled. */
  begin(
    registrationId: string,
    enrollmentId: string,
    {
      operationId,
      finishesAtMs,
      outcome,
    }: Omit<Decided, 'outcome'> & { readonly outcome: Outcome | undefined },
  ): void {
    const before = this.#byId.get(idKey(registrationId));
    const nowMs = this.#clock.nowMs();
    const createdAt = before?.createdAt ?? serviceTime(nowMs);
    const identity = { registrationId, createdAt };
    const begun = {
      operationId,
      finishesAtMs: outcome === undefined ? Number.POSITIVE_INFINITY : finishesAtMs,
      result: resultOf(identity, outcome ?? { status: 'assigning' }, nowMs),
    };
    this.#byId.set(idKey(registrationId), {
      createdAt,
      enrollmentId,
      operations: [begun, ...(before?.operations.slice(0, OPERATIONS_KEPT - 1) ?? [])],
      timesAssigned: (before?.timesAssigned ?? 0) + (outcome?.status === 'assigned' ? 1 : 0),
      assignment: outcome === undefined ? before?.assignment : assignmentAfter(outcome, before?.assignment),
    });
  }

  /** Ends an operation that waited for its outcome; a record that was deleted meanwhile stays deleted. */
  settle(registrationId: string, { operationId, finishesAtMs, outcome }: Decided): void {
    const before = this.#byId.get(idKey(registrationId));
    if (!before?.operations.some((one) => one.operationId === operationId)) return;
    const { createdAt } = before;
    const result = resultOf({ registrationId, createdAt }, outcome, this.#clock.nowMs());
    const settled = (one: Operation): Operation =>
      one.operationId === operationId ? { operationId, finishesAtMs, result } : one;
    const [newest, ...older] = before.operations;
    this.#byId.set(idKey(registrationId), {
      ...before,
      operations: [settled(newest), ...older.map(settled)],
      timesAssigned: before.timesAssigned + (outcome.status === 'assigned' ? 1 : 0),
      assignment: assignmentAfter(outcome, before.assignment),
    });
  }

  /** Where the device was provisioned to, as far as its registration record says. */
  assignment(registrationId: string): Assignment | undefined {
    return this.#byId.get(idKey(registrationId))?.assignment;
  }

  operation(registrationId: string, operationId: string): Operation | undefined {
    const operations = this.#byId.get(idKey(registrationId))?.operations;
    return operations?.find((operation) => operation.operationId === operationId);
  }

  newestOperation(registrationId: string): Operation | undefined {
    return this.#byId.get(idKey(registrationId))?.operations[0];
  }

  records(): RegistrationRecord[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#byId.values()].map((registration) => recordOf(registration, nowMs));
  }

  /** Deletes a registration record with its operations; the next registration is a first one. */
  remove(registrationId: string): boolean {
    return this.#byId.delete(idKey(registrationId));
  }

  /** What the service API shows of a registration: no secrets, and while it runs no more than that it does. */
  state(registrationId: string): DeviceRegistrationResult | undefined {
    const registration = this.#byId.get(idKey(registrationId));
    return registration === undefined ? undefined : stateOf(registration, this.#clock.nowMs());
  }

  /** The states of those that one enrollment admitted, in the order in which they first came. */
  statesOf(enrollmentId: string): DeviceRegistrationResult[] {
    const nowMs = this.#clock.nowMs();
    const admitted = [...this.#byId.values()].filter(
      (one) => idKey(one.enrollmentId) === idKey(enrollmentId),
    );
    return admitted.map((registration) => stateOf(registration, nowMs));
  }

  clear(): void {
    this.#byId.clear();
  }
}

function recordOf(
  { operations, enrollmentId, timesAssigned }: Registration,
  nowMs: number,
): RegistrationRecord {
  const [{ result }] = operations;
  const running = operations.filter(({ finishesAtMs }) => nowMs < finishesAtMs);
  const settled = running.length === 0;
  return {
    registrationId: result.registrationId,
    status: !settled || result.status === 'unassigned' ? 'assigning' : result.status,
    assignedHub: settled ? result.assignedHub : undefined,
    deviceId: settled ? result.deviceId : undefined,
    enrollmentId,
    timesAssigned:
      timesAssigned - running.filter((operation) => operation.result.status === 'assigned').length,
  };
}

function resultOf(
  { registrationId, createdAt }: { readonly registrationId: string; readonly createdAt: string },
  outcome: Outcome,
  nowMs: number,
): DeviceRegistrationResult {
  return {
    registrationId,
    createdDateTimeUtc: createdAt,
    ...outcome,
    lastUpdatedDateTimeUtc: serviceTime(nowMs),
    etag: encodedEtag(),
  };
}

function assignmentAfter(
  { assignedHub, deviceId, substatus }: Outcome,
  before: Assignment | undefined,
): Assignment | undefined {
  if (assignedHub === undefined || deviceId === undefined || substatus === undefined) return before;
  return { hub: assignedHub, deviceId, substatus, firstHub: before?.firstHub ?? assignedHub };
}

function stateOf({ operations }: Registration, nowMs: number): DeviceRegistrationResult {
  const [{ result, finishesAtMs }] = operations;
  const { tpm: _secret, x509: _x509, symmetricKey: _symmetricKey, ...settled } = result;
  if (finishesAtMs <= nowMs) return settled;
  const {
    assignedHub: _hub,
    deviceId: _deviceId,
    substatus: _substatus,
    payload: _payload,
    ...begun
  } = settled;
  const { errorCode: _code, errorMessage: _message, ...running } = begun;
  return { ...running, status: 'assigning' };
}

/** base64 of a quoted tag, as the service's sample decodes: `"69003552-0000-0300-0000-630fda8a0000"`. */
const encodedEtag = (): string => Buffer.from(makeEtag()).toString('base64');
