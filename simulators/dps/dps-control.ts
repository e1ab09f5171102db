import type { TelemetryMessage } from '../hub/telemetry-log.ts';
import type { AttestationKind, EnrollmentKind } from '../wire/constants.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import type { ManualDevice } from '../wire/hub-api.ts';
import type { ProfileName } from './behaviour.ts';
import type { EnrollmentEvidence } from './enrollment-evidence.ts';
import type { Latency } from './latency.ts';
import type { DpsRules } from './rules.ts';
import type { ServiceFault } from './service-fault.ts';

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
  /** SHA-256, upper-case hex: of the certificate with which the device came last, where it came with one. */
  readonly certificateThumbprint?: string | undefined;
}

/** An enrollment without its secrets. */
export interface EnrollmentSummary {
  readonly id: string;
  readonly kind: EnrollmentKind;
  readonly attestation: AttestationKind;
  readonly provisioningStatus: 'enabled' | 'disabled';
}

/** A device that is made in a hub without DPS. */
export interface DeviceInHub extends ManualDevice {
  readonly hub: string;
}

/** An identity in a hub without its secrets. */
export interface DeviceSummary {
  readonly hub: string;
  readonly deviceId: string;
  readonly status: 'enabled' | 'disabled';
  readonly authentication: 'sas' | 'selfSigned' | 'certificateAuthority' | 'none';
  readonly iotEdge: boolean;
  readonly modules: readonly string[];
  /** `{os} {architecture} {version}`, as the device's `$edgeAgent` reported it. */
  readonly reportedPlatform: string | null;
}

/** A CA certificate of the instance, as the management API shows it. */
export interface CaCertificateSummary {
  readonly name: string;
  /** Whether possession of its key was proved: only then may groups refer to it. */
  readonly isVerified: boolean;
  readonly subject: string;
  readonly sha256Thumbprint: string;
  /** ISO 8601. */
  readonly expiry: string;
}

/** What an emulator is, for those who connect to one that runs already. */
export interface DpsInfo {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly https: { readonly address: string; readonly port: number; readonly hostName: string };
  readonly mqtt: { readonly port: number };
  readonly amqp: { readonly port: number };
  /** PEM of the root that signs the server's certificate. */
  readonly caPem: string;
  /** The rules in force, all of them. */
  readonly rules: DpsRules;
  readonly profile: ProfileName;
  readonly latency: Latency;
}

/** One request as received, without secrets (Authorization, keys and blobs are redacted). */
export interface LoggedRequest {
  /** When it was answered; `durationMs` earlier it came. */
  readonly at: string;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly registrationId: string | undefined;
  /** What the device asked DPS for; absent of requests to hubs and to the service API. */
  readonly operation?: 'register' | 'poll' | undefined;
  readonly status: number;
  /** Told to the client with the answer. */
  readonly retryAfterSeconds?: number | undefined;
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
  /** What the emulator knows of devices that failed, for a diagnosis: in the order of the ids. */
  evidence(registrationIds: readonly string[]): Promise<readonly EnrollmentEvidence[]>;
  /** Stores a CA certificate (PEM or base64) that caReferences may name once it is verified. */
  uploadCaCertificate(name: string, certificate: string): Promise<void>;
  /** Begins the proof of possession: gives the CN of the certificate that the CA has to sign. */
  requestCaVerification(name: string): Promise<string>;
  /** Ends it: takes that certificate. Throws when it is not the one asked for. */
  verifyCaCertificate(name: string, proof: string): Promise<void>;
  caCertificates(): Promise<readonly CaCertificateSummary[]>;
  /** Throws when there is none of that name; so does the next. */
  caCertificate(name: string): Promise<CaCertificateSummary>;
  /** Groups that refer to it keep what they found when they were stored. */
  removeCaCertificate(name: string): Promise<void>;
  registrations(): Promise<readonly RegistrationRecord[]>;
  /** Makes identities in linked hubs, for devices without DPS. Throws when a hub is not linked. */
  createDevices(devices: readonly DeviceInHub[]): Promise<void>;
  /** Those that are there. */
  removeDevices(devices: readonly Pick<DeviceInHub, 'hub' | 'deviceId'>[]): Promise<void>;
  /** Identities in the linked hubs. */
  devices(): Promise<readonly DeviceSummary[]>;
  /** Messages that devices sent to the hubs, newest last; a bounded ring. */
  telemetry(): Promise<readonly TelemetryMessage[]>;
  /** Newest last; a bounded ring. */
  requests(): Promise<readonly LoggedRequest[]>;
  /** All that the emulator keeps, keys included, as the text of a JSON document. */
  exportState(): Promise<string>;
  /** Puts the state of such a text in the place of all that there is, or throws and changes nothing. */
  importState(text: string): Promise<void>;
  /** Forgets enrollments, registrations, operations and the request log. */
  reset(): Promise<void>;
  /** Faults in place of those before; devices are counted anew. */
  orderFaults(faults: readonly ServiceFault[]): Promise<void>;
  faults(): Promise<readonly ServiceFault[]>;
  info(): Promise<DpsInfo>;
}
