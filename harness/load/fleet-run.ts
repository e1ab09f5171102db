import { join } from 'node:path';
import type { HttpProxy } from '../../simulators/schemas.ts';
import type { RunEndpoint } from '../environment/run-endpoint.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Range } from '../plan/ranges.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import type { FleetTokens } from './fleet-tokens.ts';
import type { Watch } from './range-tasks.ts';
import type { RunSetup } from './run-setup.ts';
import type { LiveCounts } from './shared-control.ts';
import type { SharedSlots } from './shared-slots.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What both passes over the fleet work with. */
export interface FleetRun {
  readonly scenario: Scenario;
  readonly plan: FleetPlan;
  readonly ranges: readonly Range[];
  /**
   * Of one that registers only a part of a fleet: others may do the same on this machine and at this service, and what
   * it makes is kept apart from theirs by this name.
   */
  readonly partName: string | undefined;
  readonly setup: RunSetup;
  readonly endpoint: RunEndpoint;
  /** What every device goes through; undefined when they go straight. */
  readonly proxy: HttpProxy | undefined;
  readonly pool: WorkerPool;
  readonly tokens: FleetTokens;
  /** swtpms in containers; undefined when threads start their own. */
  readonly tpmSlots: SharedSlots | undefined;
  /** Whose messages are kept. Default: nobody's. */
  readonly watch?: Watch;
  /** Where TPMs come from. Default: the cache of this user. */
  readonly tpmCacheDirectory?: string | undefined;
  /** For credentials and TPM states; private, and gone after the run. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export type Progress =
  | { readonly stage: 'tpms' | 'tokens' | 'credentials'; readonly done: number; readonly of: number }
  | {
      readonly stage: 'registering';
      readonly counts: LiveCounts;
      /** Of one range, by number. */
      readonly countsOf: (range: number) => LiveCounts;
      readonly of: number;
      readonly elapsedMs: number;
    };

/** Where the first pass leaves a range's credentials for the second. */
export const credentialsFile = (directory: string, { number }: Range): string =>
  join(directory, `range-${number}.json`);

/** Devices of two parts on one machine must not get the same TPM or token from a cache. */
export const cacheOfPart = (
  directory: string,
  partName: string | undefined,
): { readonly cacheDirectory?: string } =>
  partName === undefined ? {} : { cacheDirectory: `${directory}-${partName}` };
