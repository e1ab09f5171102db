import type { DeviceResult } from '../device-trace.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';

/** The daemon runs with this identity. */
export interface Running {
  readonly kind: 'running';
  readonly device: ProvisionedDevice;
  /** Where the identity came from. */
  readonly by: 'dps' | 'manual' | 'backup';
  /** `offline`: the hub cannot be reached, the modules are those of the last run. */
  readonly connection: 'hub' | 'offline';
}

/** The daemon has no identity: its service ends with 1 or asks again, every 5 s in either case. */
export interface Unprovisioned {
  readonly kind: 'unprovisioned';
  readonly result: DeviceResult;
}

/** What one step in the life of an edge device came to. */
export type LifeOutcome =
  | Running
  | Unprovisioned
  /** A renewal was refused: the certificate from before stays in use. */
  | { readonly kind: 'kept'; readonly result: DeviceResult }
  /** Not what this version, or this configuration, does anything about. */
  | { readonly kind: 'ignored'; readonly reason: string };

/** A line of a daemon's log. */
export interface DaemonLogLine {
  readonly daemon: 'iotedged' | 'aziot-identityd' | 'aziot-edged';
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** When a device asks DPS again by itself; `auto_reprovisioning_mode` of the configuration. */
export type AutoReprovisioning = 'AlwaysOnStartup' | 'OnErrorOnly' | 'Dynamic';

/** What the edge runtime tells the daemon of its connection to the hub. */
export type RuntimeError = 'bad-credential' | 'device-disabled';
