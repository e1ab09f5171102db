import { isMainThread } from 'node:worker_threads';
import type { KeyAlgorithm, PkiBundle } from '../simulators/index.ts';
import { EnvironmentError } from '../simulators/kernel/errors.ts';

/** What the device of a token is, wherever the token is. */
export interface SoftHsmSettings {
  readonly registrationId: string;
  readonly algorithm: KeyAlgorithm;
  readonly authority: PkiBundle | undefined;
}

/** The settings as a chain of calls; each changes this object and returns it. */
export abstract class SoftHsmSettingsBuilder {
  #settings: SoftHsmSettings = {
    registrationId: 'softhsm-device',
    algorithm: 'ec-p256',
    authority: undefined,
  };

  /** The CN of the certificate. Default `softhsm-device`. */
  withRegistrationId(registrationId: string): this {
    return this.#set({ registrationId });
  }

  /** Default `ec-p256`. */
  withKeyAlgorithm(algorithm: KeyAlgorithm): this {
    return this.#set({ algorithm });
  }

  /** Whose intermediate signs the certificate; the same for all devices of an enrollment group. Default: a new one. */
  withAuthority(authority: PkiBundle): this {
    return this.#set({ authority });
  }

  protected get settings(): SoftHsmSettings {
    return this.#settings;
  }

  #set(changed: Partial<SoftHsmSettings>): this {
    this.#settings = { ...this.#settings, ...changed };
    return this;
  }
}

/** A module reads its configuration from the environment of the process, which only the main thread's `process.env` reaches. */
export function requireMainThread(): void {
  if (isMainThread) return;
  throw new EnvironmentError('SoftHSM2', 'can be started by the main thread only', {
    hint: "Run the tests in processes: `pool: 'forks'` of vitest, which is its default; no `workerThreads` of jest.",
  });
}
