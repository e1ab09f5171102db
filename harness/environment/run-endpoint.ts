import type { DpsEndpoint, DpsInfo, Enrollment, RegistrationRecord } from '../../simulators/index.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

/** Where the fleet registers. */
export interface RunEndpoint extends AsyncDisposable {
  readonly kind: Scenario['endpoint']['kind'];
  readonly dps: DpsEndpoint;
  /** How the emulator was told to behave. */
  readonly behaviour: Pick<DpsInfo, 'rules' | 'profile' | 'latency'>;
  /** The linked ones. */
  readonly hubs: readonly string[];
  /** @throws EnvironmentError when an emulator elsewhere does not answer */
  enroll(enrollments: readonly Enrollment[]): Promise<void>;
  /** What was registered since the run began. @throws EnvironmentError as above */
  registrations(): Promise<readonly RegistrationRecord[]>;
}
