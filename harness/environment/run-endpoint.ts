import type {
  DeviceInHub,
  DeviceSummary,
  DpsEndpoint,
  DpsInfo,
  Enrollment,
  RegistrationRecord,
  ServiceFault,
  TelemetryMessage,
} from '../../simulators/index.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

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
  /** What was registered since the run began. @throws EnvironmentError as above */
  registrations(): Promise<readonly RegistrationRecord[]>;
}
