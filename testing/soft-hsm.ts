import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import {
  ensureTokens,
  type KeyAlgorithm,
  openScratchDirectory,
  openTokenStore,
  type PkiBundle,
} from '../simulators/index.ts';
import { EnvironmentError, InvariantError } from '../simulators/kernel/errors.ts';
import { certifyToken, type StartedSoftHsm } from './started-soft-hsm.ts';

/**
 * A PKCS#11 token of its own for one device: SoftHSM2 in this process, with a key pair that was made in it and cannot leave
 * it, and a certificate for that key. All of it is in memory and ends with this process.
 *
 * @example `await using hsm = await new SoftHsm().withRegistrationId('edge-01').start();`
 */
export class SoftHsm {
  #registrationId = 'softhsm-device';
  #algorithm: KeyAlgorithm = 'ec-p256';
  #authority: PkiBundle | undefined;

  /** The CN of the certificate. Default `softhsm-device`. */
  withRegistrationId(registrationId: string): this {
    this.#registrationId = registrationId;
    return this;
  }

  /** Default `ec-p256`. */
  withKeyAlgorithm(algorithm: KeyAlgorithm): this {
    this.#algorithm = algorithm;
    return this;
  }

  /** Whose intermediate signs the certificate; the same for all devices of an enrollment group. Default: a new one. */
  withAuthority(authority: PkiBundle): this {
    this.#authority = authority;
    return this;
  }

  /** @throws EnvironmentError when SoftHSM2 is missing, or this is no main thread, the only one that can start it */
  async start(): Promise<StartedSoftHsm> {
    requireMainThread();
    await using resources = new AsyncDisposableStack();
    const scratch = resources.use(await openScratchDirectory({ name: 'testing-hsm', holdsModules: true }));
    const made = await ensureTokens({
      counts: { [this.#algorithm]: 1 },
      cacheDirectory: join(scratch.path, 'images'),
      signal: AbortSignal.timeout(START_DEADLINE_MS),
    });
    const [image] = made[this.#algorithm];
    if (image === undefined) throw new InvariantError('no token was made');
    const directory = join(scratch.path, 'store');
    const store = resources.use(await openTokenStore({ directory, tokens: [image] }));
    const [token] = store.tokens;
    const [softHsm] = store.shards;
    if (token === undefined || softHsm === undefined) throw new InvariantError('the token was not stored');
    const certified = await certifyToken({
      token: { label: token.label, pin: image.pin, keyUri: token.keyUri, modulePath: softHsm.modulePath },
      registrationId: this.#registrationId,
      authority: this.#authority,
      resources,
    });
    const running = resources.move();
    const stop = (): Promise<void> => running.disposeAsync();
    return {
      ...certified,
      environment: { SOFTHSM2_CONF: softHsm.configuration },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  }
}

/** An RSA key takes a second at most. */
const START_DEADLINE_MS = 60_000;

/** SoftHSM reads SOFTHSM2_CONF from the environment of the process, which only the main thread's `process.env` reaches. */
function requireMainThread(): void {
  if (isMainThread) return;
  throw new EnvironmentError('SoftHSM2', 'can be started by the main thread only', {
    hint: "Run the tests in processes: `pool: 'forks'` of vitest, which is its default; no `workerThreads` of jest.",
  });
}
