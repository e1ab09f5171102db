import type { AttestationKind, EnrollmentKind } from '../wire/constants.ts';
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

/** An enrollment without its secrets. */
export interface EnrollmentSummary {
  readonly id: string;
  readonly kind: EnrollmentKind;
  readonly attestation: AttestationKind;
  readonly provisioningStatus: 'enabled' | 'disabled';
}

/** What an emulator is, for those who connect to one that runs already. */
export interface DpsInfo {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly https: { readonly address: string; readonly port: number; readonly hostName: string };
  /** PEM of the root that signs the server's certificate. */
  readonly caPem: string;
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
  enrollments(): Promise<readonly EnrollmentSummary[]>;
  /** Stores a CA certificate (PEM or base64) that caReferences may name once it is verified. */
  uploadCaCertificate(name: string, certificate: string): Promise<void>;
  /** Begins the proof of possession: gives the CN of the certificate that the CA has to sign. */
  requestCaVerification(name: string): Promise<string>;
  /** Ends it: takes that certificate. Throws when it is not the one asked for. */
  verifyCaCertificate(name: string, proof: string): Promise<void>;
  registrations(): Promise<readonly RegistrationRecord[]>;
  /** Newest last; a bounded ring. */
  requests(): Promise<readonly LoggedRequest[]>;
  /** All that the emulator keeps, keys included, as the text of a JSON document. */
  exportState(): Promise<string>;
  /** Puts the state of such a text in the place of all that there is, or throws and changes nothing. */
  importState(text: string): Promise<void>;
  /** Forgets enrollments, registrations, operations and the request log. */
  reset(): Promise<void>;
  info(): Promise<DpsInfo>;
}
