import type { Clock } from '../kernel/clock.ts';
import { type Collection, type Entry, entriesOf, type RecordStorage } from '../storage/collection.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
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
  readonly beganAtMs: number;
  readonly finishesAtMs: number;
  readonly result: DeviceRegistrationResult;
}

/** An operation and what it is to end as, when. */
interface Decided {
  readonly operationId: string;
  readonly finishesAtMs: number;
  readonly outcome: Outcome;
}

/** A registration as it is kept. */
export interface Registration {
  /** Its place among the others: the order in which they first came. */
  readonly sequence: number;
  readonly createdAt: string;
  readonly enrollmentId: string;
  /** Newest first: a device that lost an answer may still ask for the operation before. */
  readonly operations: readonly [Operation, ...Operation[]];
  /** Operations that are, or will be, assigned. */
  readonly timesAssigned: number;
  readonly assignment?: Assignment | undefined;
  /** Of the certificate that came with the newest operation. */
  readonly certificateThumbprint?: string | undefined;
}

const OPERATIONS_KEPT = 4;
/** When an operation finishes that waits for its outcome; a number, as JSON has no infinity. */
const NOT_KNOWN_YET = Number.MAX_SAFE_INTEGER;
/** What becomes of an operation whose webhook was asked by a process that has ended since. */
const lost: Outcome = {
  status: 'failed',
  errorCode: 400207,
  errorMessage: 'Custom allocation failed: the emulator ended before the webhook answered',
};

/** Registrations and their last operations, by registrationId without regard to case. */
export class RegistrationRegistry implements Disposable {
  readonly #byId: Collection<Registration>;
  readonly #clock: Clock;
  /** Operations of this process that wait for their outcome. */
  readonly #waiting = new Set<string>();

  constructor(clock: Clock, storage: RecordStorage = createMemoryStorage()) {
    this.#clock = clock;
    this.#byId = storage.collection('registrations');
  }

  /** Begins an operation that is `assigning` until its time, or, while its outcome is not known, until it is settled. */
  begin(
    registrationId: string,
    enrollmentId: string,
    {
      operationId,
      finishesAtMs,
      outcome,
      certificateThumbprint,
    }: Omit<Decided, 'outcome'> & {
      readonly outcome: Outcome | undefined;
      readonly certificateThumbprint?: string | undefined;
    },
  ): void {
    const before = this.#find(registrationId);
    const nowMs = this.#clock.nowMs();
    if (outcome === undefined) this.#waiting.add(operationId);
    const createdAt = before?.createdAt ?? serviceTime(nowMs);
    const identity = { registrationId, createdAt };
    const begun = {
      operationId,
      beganAtMs: nowMs,
      finishesAtMs: outcome === undefined ? NOT_KNOWN_YET : finishesAtMs,
      result: resultOf(identity, outcome ?? { status: 'assigning' }, nowMs),
    };
    this.#put(registrationId, {
      sequence: before?.sequence ?? this.#byId.nextSequence,
      createdAt,
      enrollmentId,
      certificateThumbprint,
      operations: [begun, ...(before?.operations.slice(0, OPERATIONS_KEPT - 1) ?? [])],
      timesAssigned: (before?.timesAssigned ?? 0) + (outcome?.status === 'assigned' ? 1 : 0),
      assignment: outcome === undefined ? before?.assignment : assignmentAfter(outcome, before?.assignment),
    });
  }

  /** Ends an operation that waited for its outcome; a record that was deleted meanwhile stays deleted. */
  settle(registrationId: string, decided: Decided): void {
    if (!this.#waiting.delete(decided.operationId)) return;
    const before = this.#byId.get(idKey(registrationId));
    if (before?.operations.some(({ operationId }) => operationId === decided.operationId)) {
      this.#put(registrationId, settled(before, decided, this.#clock.nowMs()));
    }
  }

  /** Where the device was provisioned to, as far as its registration record says. */
  assignment(registrationId: string): Assignment | undefined {
    return this.#find(registrationId)?.assignment;
  }

  operation(registrationId: string, operationId: string): Operation | undefined {
    const operations = this.#find(registrationId)?.operations;
    return operations?.find((operation) => operation.operationId === operationId);
  }

  newestOperation(registrationId: string): Operation | undefined {
    return this.#find(registrationId)?.operations[0];
  }

  records(): RegistrationRecord[] {
    const nowMs = this.#clock.nowMs();
    return [...entriesOf(this.#byId)].map((entry) => recordOf(this.#ended(entry), nowMs));
  }

  /** Deletes a registration record with its operations; the next registration is a first one. */
  remove(registrationId: string): boolean {
    return this.#byId.delete(idKey(registrationId));
  }

  /** What the service API shows of a registration: no secrets, and while it runs no more than that it does. */
  state(registrationId: string): DeviceRegistrationResult | undefined {
    const registration = this.#find(registrationId);
    return registration === undefined ? undefined : stateOf(registration, this.#clock.nowMs());
  }

  /**
   * The states of those that one enrollment admitted, in the order in which they first came.
   *
   * @param after place at which the page before ended; 0 begins
   * @returns `next`: where this page ends, when more follow
   */
  statesOf(
    enrollmentId: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): { readonly states: readonly DeviceRegistrationResult[]; readonly next: number | undefined } {
    const nowMs = this.#clock.nowMs();
    const found = this.#byId.page(after, limit + 1, idKey(enrollmentId)); // one more tells whether it is the last
    const page = found.slice(0, limit);
    return {
      states: page.map((entry) => stateOf(this.#ended(entry), nowMs)),
      next: found.length > limit ? page.at(-1)?.sequence : undefined,
    };
  }

  clear(): void {
    this.#byId.clear();
  }

  /** Waits for no outcome any more: whoever opens the same storage finds these operations lost. */
  [Symbol.dispose](): void {
    this.#waiting.clear();
  }

  #put(registrationId: string, registration: Registration): void {
    const { sequence, enrollmentId } = registration;
    this.#byId.put(idKey(registrationId), registration, { sequence, owner: idKey(enrollmentId) });
  }

  #find(registrationId: string): Registration | undefined {
    const key = idKey(registrationId);
    const value = this.#byId.get(key);
    return value === undefined ? undefined : this.#ended({ key, value });
  }

  /** The registration, its operations settled that no process waits for any more. */
  #ended({ key, value }: Pick<Entry<Registration>, 'key' | 'value'>): Registration {
    const orphans = value.operations.filter(
      ({ finishesAtMs, operationId }) => finishesAtMs === NOT_KNOWN_YET && !this.#waiting.has(operationId),
    );
    if (orphans.length === 0) return value;
    const nowMs = this.#clock.nowMs();
    const ended = orphans.reduce(
      (registration, { operationId }) =>
        settled(registration, { operationId, finishesAtMs: nowMs, outcome: lost }, nowMs),
      value,
    );
    this.#put(key, ended);
    return ended;
  }
}

function settled(
  before: Registration,
  { operationId, finishesAtMs, outcome }: Decided,
  nowMs: number,
): Registration {
  const { createdAt } = before;
  const settledOne = (one: Operation): Operation => {
    if (one.operationId !== operationId) return one;
    const { registrationId } = one.result;
    return { ...one, finishesAtMs, result: resultOf({ registrationId, createdAt }, outcome, nowMs) };
  };
  const [newest, ...older] = before.operations;
  return {
    ...before,
    operations: [settledOne(newest), ...older.map(settledOne)],
    timesAssigned: before.timesAssigned + (outcome.status === 'assigned' ? 1 : 0),
    assignment: assignmentAfter(outcome, before.assignment),
  };
}

function recordOf(
  { operations, enrollmentId, timesAssigned, certificateThumbprint }: Registration,
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
    certificateThumbprint,
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
