import type { SerializedError } from '../kernel/errors.ts';
import type { KeyUse } from '../security/key-use.ts';
import type { RegistrationStatus, RegistrationSubstatus } from '../wire/constants.ts';

/** Parts of one registration that are timed apart; they do not overlap. `tpm` is all time spent waiting for the TPM. */
export const phases = [
  'tpm',
  'hsm',
  'tcp-tls',
  'register',
  'poll-wait',
  'poll',
  'hub-connect',
  'telemetry',
] as const;
export type Phase = (typeof phases)[number];

/** How one registration ended. */
export type DeviceResult =
  | {
      readonly kind: 'assigned';
      readonly assignedHub: string;
      readonly deviceId: string;
      readonly substatus?: RegistrationSubstatus | undefined;
    }
  /** The service finished the operation with another status: `failed`, `disabled`. */
  | {
      readonly kind: 'ended';
      readonly status: RegistrationStatus;
      readonly errorCode?: number | undefined;
      readonly message: string;
    }
  /** A request was refused (DpsServiceError), the way failed, the TPM refused, time ran out ... */
  | { readonly kind: 'error'; readonly error: SerializedError }
  /** Stopped because the run was. */
  | { readonly kind: 'aborted' };

/** One thing a device did, for the trace of a single device. Times are milliseconds since the attempt began. */
export interface TraceStep {
  readonly atMs: number;
  readonly durationMs: number;
  /** e.g. `register`, `poll`, `tpm.activate`. */
  readonly step: string;
  /** Short and without secrets: `202 assigning, retry after 3 s`. */
  readonly detail: string;
}

/** What one attempt of one device came to. */
export interface DeviceTrace {
  readonly registrationId: string;
  readonly result: DeviceResult;
  readonly phasesMs: Readonly<Partial<Record<Phase, number>>>;
  readonly totalMs: number;
  /** Status queries sent. */
  readonly polls: number;
  /** Requests sent again by the retry policy. */
  readonly retries: number;
  readonly steps: readonly TraceStep[];
  /** Of a key that is in a token; since the device was made ready. */
  readonly keyUse?: KeyUse;
}
