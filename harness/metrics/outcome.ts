import type { DeviceEvidence, DeviceResult, KeyUse, Phase, WatchedDevice } from '../../simulators/index.ts';

/** One device attempt as the harness sees it; plain data that crosses threads. Times are milliseconds. */
export interface Outcome {
  /** Position in the fleet. */
  readonly index: number;
  readonly registrationId: string;
  readonly cell: number;
  readonly result: DeviceResult;
  /** Since the run began. In a closed loop the intended start is the actual one. */
  readonly intendedStartMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly phasesMs: Readonly<Partial<Record<Phase, number>>>;
  readonly polls: number;
  readonly retries: number;
  /** Of a key that is in a token. */
  readonly keyUse?: KeyUse;
  /** Of a device that failed. */
  readonly evidence?: DeviceEvidence;
  /** Of a device that is watched. */
  readonly watched?: WatchedDevice;
}

/** From the intended start: a late generator must not make a service look quick. */
export const latencyMs = ({ intendedStartMs, endMs }: Outcome): number => endMs - intendedStartMs;
