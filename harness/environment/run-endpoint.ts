import {
  type DeviceInHub,
  type DeviceSummary,
  type DpsEndpoint,
  type DpsInfo,
  type Enrollment,
  type EnrollmentEvidence,
  type LoggedRequest,
  REQUESTS_KEPT,
  type RegistrationRecord,
  type ServiceFault,
  type TelemetryMessage,
} from '../../simulators/index.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

/** The requests that a service remembers. */
export interface SeenRequests {
  /** Oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** False when there were more. */
  readonly complete: boolean;
}

/** What an emulator remembers, by its log. */
export const seenRequests = (requests: readonly LoggedRequest[], kept = REQUESTS_KEPT): SeenRequests => ({
  requests,
  complete: requests.length < kept,
});

/** What an instance says of itself, whatever devices believe. */
export interface InstanceEvidence {
  readonly idScope: string;
  /** In the order in which it was asked. */
  readonly enrollments: readonly EnrollmentEvidence[];
}

/** Where the fleet registers. */
export interface RunEndpoint extends AsyncDisposable {
  readonly kind: Scenario['endpoint']['kind'];
  readonly dps: DpsEndpoint;
  /** How the emulator was told to behave; undefined where there is none. */
  readonly behaviour: Pick<DpsInfo, 'rules' | 'profile' | 'latency'> | undefined;
  /** The linked ones. */
  readonly hubs: readonly string[];
  /** @throws EnvironmentError when an emulator elsewhere does not answer */
  enroll(enrollments: readonly Enrollment[]): Promise<void>;
  /** Makes devices in their hubs, for those without DPS. @throws EnvironmentError as above */
  createDevices(devices: readonly DeviceInHub[]): Promise<void>;
  /** Faults of the service besides those of the scenario. @throws EnvironmentError as above */
  addFaults(faults: readonly ServiceFault[]): Promise<void>;
  /** Identities in the hubs. @throws EnvironmentError as above */
  devices(): Promise<readonly DeviceSummary[]>;
  /** Messages to the hubs since the run began. @throws EnvironmentError as above */
  telemetry(): Promise<readonly TelemetryMessage[]>;
  /** What the service was asked for; absent where it does not tell. @throws EnvironmentError as above */
  requests?(): Promise<SeenRequests>;
  /**
   * What the service knows of devices that failed; undefined where nobody can be asked.
   *
   * @throws EnvironmentError as above
   */
  evidence(registrationIds: readonly string[]): Promise<InstanceEvidence | undefined>;
  /** What was registered since the run began. @throws EnvironmentError as above */
  registrations(): Promise<readonly RegistrationRecord[]>;
}
