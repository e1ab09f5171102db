import type {
  ChipName,
  DeviceContext,
  DeviceInHub,
  DpsEndpoint,
  FleetAuthority,
  IndividualEnrollment,
  IssuedKey,
  ManufacturedTpm,
  StoredToken,
  TpmMode,
} from '../../simulators/index.ts';
import type { Outcome } from '../metrics/outcome.ts';
import type { Load } from '../plan/arrivals.ts';
import type { PlannedDevice } from '../plan/fleet-plan.ts';
import type { Range } from '../plan/ranges.ts';
import type { SharedSlots } from './shared-slots.ts';

/** Whose messages are kept. */
export type Watch = 'none' | 'failed' | 'all';

/** First pass, untimed: makes the devices' credentials and leaves them in the run directory. */
export interface PrepareRangeTask {
  readonly range: Range;
  readonly devices: readonly PlannedDevice[];
  readonly authority: FleetAuthority;
  /** By registrationId, for TPM devices. */
  readonly tpms: ReadonlyMap<string, ManufacturedTpm>;
  /** By registrationId, for devices whose key is in a token. */
  readonly tokens: ReadonlyMap<string, StoredToken>;
  readonly credentialsFile: string;
  /** Linked ones. */
  readonly hubs: readonly string[];
}

export interface PreparedRange {
  /** By registrationId, of keys in tokens. */
  readonly keys: ReadonlyMap<string, IssuedKey>;
  readonly tokenSessions: TokenSessions;
  readonly enrollments: readonly IndividualEnrollment[];
  /** Devices without DPS, each for its hub. */
  readonly manualDevices: readonly DeviceInHub[];
}

/** Second pass, timed: registers the devices. */
export interface RunRangeTask {
  readonly range: Range;
  readonly devices: readonly PlannedDevice[];
  readonly credentialsFile: string;
  readonly control: SharedArrayBuffer;
  readonly arrival: Load['arrival'];
  /** By position in the range, milliseconds since the run began; NaN in a closed loop. */
  readonly intendedStartsMs: Float64Array;
  /** Nobody is there: devices are assigned without a word. */
  readonly nullEndpoint: { readonly madeUpDurations: boolean } | undefined;
  /**
   * When the run began (see `sharedNowMs`), and by how much intended starts are put off. Final once the start line has
   * been crossed, for runs that begin all at once.
   */
  readonly began: Float64Array<SharedArrayBuffer>;
  readonly endpoint: DpsEndpoint;
  readonly seed: number;
  readonly attemptTimeoutMs: number;
  readonly retryPolicy: 'standard' | 'none';
  /** Of the waits of IoT Edge daemons. */
  readonly timeScale: number;
  readonly hubConnect: 'none' | 'telemetry';
  /** Linked ones. */
  readonly hubs: readonly string[];
  /** For devices that boot and live: what happens to them, and where their disks are. */
  readonly life: DeviceContext['life'];
  readonly watch: Watch;
  /** How long a token takes for a signature, beyond what it takes. */
  readonly tokenSignMs: number;
  readonly tpm: {
    readonly mode: TpmMode;
    readonly workDirectory: string;
    /** 0 when the fleet has no TPM. */
    readonly poolSize: number;
    readonly chip: ChipName | undefined;
    /** swtpms in containers, for all threads; absent when threads start their own. */
    readonly slots: SharedSlots | undefined;
  };
}

/** Sessions with tokens that a range opened, and those that it left open. */
export interface TokenSessions {
  readonly opened: number;
  readonly open: number;
}

export interface RangeOutcomes {
  readonly tokenSessions: TokenSessions;
  readonly outcomes: readonly Outcome[];
}
