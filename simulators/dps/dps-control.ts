import type { Enrollment } from '../wire/enrollment.ts';

/** What the emulator's registry knows of one registration: the fleet oracle compares devices with it. */
export interface RegistrationRecord {
  readonly registrationId: string;
  readonly status: 'assigned' | 'failed' | 'disabled' | 'assigning';
  readonly assignedHub: string | undefined;
  readonly deviceId: string | undefined;
  /** Which enrollment admitted it: a registrationId or an enrollmentGroupId. */
  readonly enrollmentId: string;
  /** Operations that ended as assigned since the last reset; 1 for a fleet in which everybody registers once. */
  readonly timesAssigned: number;
}

/** One request as received, without secrets (Authorization, keys and blobs are redacted). */
export interface LoggedRequest {
  readonly at: string;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly registrationId: string | undefined;
  readonly status: number;
  readonly errorCode: number | undefined;
  /** For a person: why it was refused. */
  readonly reason: string | undefined;
  readonly durationMs: number;
}

/**
 * Control of an emulator, the same whether it runs in this process or is reached over its management API.
 * Every call throws `DpsServiceError` or `TransportError` in the latter case.
 */
export interface DpsControl {
  /** Creates or replaces; all or nothing. */
  enroll(enrollments: readonly Enrollment[]): Promise<void>;
  /** Individual enrollments and groups whose id is given; unknown ids are passed over. */
  removeEnrollments(ids: readonly string[]): Promise<void>;
  registrations(): Promise<readonly RegistrationRecord[]>;
  /** Newest last; a bounded ring. */
  requests(): Promise<readonly LoggedRequest[]>;
  /** Forgets enrollments, registrations, operations and the request log. */
  reset(): Promise<void>;
}
