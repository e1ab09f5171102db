import type { DpsOptions, DpsRules, Enrollment, PkiBundle } from '../simulators/index.ts';

/** What the instance is like, wherever it runs. */
export interface DpsSettings
  extends Pick<
    DpsOptions,
    | 'idScope'
    | 'hubs'
    | 'rules'
    | 'profile'
    | 'latency'
    | 'seed'
    | 'quotas'
    | 'retryAfterSeconds'
    | 'assigningDurationMs'
  > {
  readonly authority?: PkiBundle;
  readonly enrollments?: readonly Enrollment[];
}

/** The settings as a chain of calls; each changes this object and returns it. */
export abstract class DpsSettingsBuilder {
  #settings: DpsSettings = {};

  /** Default `0ne00D95819`. */
  withIdScope(idScope: string): this {
    return this.#set({ idScope });
  }

  /** Host names of the linked hubs, with a dot each. Default `hub-1.azure-devices.net` and `hub-2.azure-devices.net`. */
  withHubs(...hubs: readonly [string, ...string[]]): this {
    return this.#set({ hubs });
  }

  /** Adds enrollments to begin with, in the JSON of the service API; more at any time by `enroll`. */
  withEnrollments(...enrollments: readonly Enrollment[]): this {
    return this.#set({ enrollments: [...(this.#settings.enrollments ?? []), ...enrollments] });
  }

  /** Signs the server's certificate with this authority, as `createTestPki` makes it. Default: a new one at each start. */
  withAuthority(authority: PkiBundle): this {
    return this.#set({ authority });
  }

  /** Another variant of a rule of the service: `dps-rig list rules`. */
  withRule<Name extends keyof DpsRules>(name: Name, variant: DpsRules[Name]): this {
    return this.#set({ rules: { ...this.#settings.rules, [name]: variant } });
  }

  /** `strict` makes clients meet refusals early, and has the published quotas unless others are given. Default `plain`. */
  withProfile(profile: NonNullable<DpsSettings['profile']>): this {
    return this.#set({ profile });
  }

  /** How long answers and registrations take; `seed` is that of the choices of latency and profile. Default `zero`. */
  withLatency(latency: NonNullable<DpsSettings['latency']>, seed = 1): this {
    return this.#set({ latency, seed });
  }

  /** Requests beyond these are answered with 429. Default: no limits. */
  withQuotas(quotas: NonNullable<DpsSettings['quotas']>): this {
    return this.#set({ quotas });
  }

  /** What clients are told with every 202, in whole seconds. Default 1. */
  withRetryAfter(retryAfterSeconds: number): this {
    return this.#set({ retryAfterSeconds });
  }

  /** How long a registration stays `assigning`, in milliseconds. Default 0: the first status query finds it done. */
  withAssigningDuration(assigningDurationMs: number): this {
    return this.#set({ assigningDurationMs });
  }

  protected get settings(): DpsSettings {
    return this.#settings;
  }

  #set(changed: DpsSettings): this {
    this.#settings = { ...this.#settings, ...changed };
    return this;
  }
}
