import type {
  DeviceInHub,
  DeviceSummary,
  DpsEndpoint,
  DpsInfo,
  Enrollment,
  EnrollmentEvidence,
  RegistrationRecord,
  ServiceFault,
  TelemetryMessage,
} from '../../simulators/index.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

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
  /**
   * What the service knows of devices that failed; undefined where nobody can be asked.
   *
   * @throws EnvironmentError as above
   */
  evidence(registrationIds: readonly string[]): Promise<InstanceEvidence | undefined>;
  /** What was registered since the run began. @throws EnvironmentError as above */
  registrations(): Promise<readonly RegistrationRecord[]>;
}
