import { join } from 'node:path';
import { ensureTokens, openScratchDirectory, openTokenStore } from '../simulators/index.ts';
import { InvariantError } from '../simulators/kernel/errors.ts';
import { requireMainThread, SoftHsmSettingsBuilder } from './soft-hsm-settings.ts';
import { certifyToken, type StartedSoftHsm } from './started-soft-hsm.ts';

/**
 * A PKCS#11 token of its own for one device: SoftHSM2 in this process, with a key pair that was made in it and cannot leave
 * it, and a certificate for that key. All of it is in memory and ends with this process.
 *
 * @example `await using hsm = await new SoftHsm().withRegistrationId('edge-01').start();`
 */
export class SoftHsm extends SoftHsmSettingsBuilder {
  /** @throws EnvironmentError when SoftHSM2 is missing, or this is no main thread, the only one that can start it */
  async start(): Promise<StartedSoftHsm> {
    requireMainThread();
    const { algorithm, registrationId, authority } = this.settings;
    await using resources = new AsyncDisposableStack();
    const scratch = resources.use(await openScratchDirectory({ name: 'testing-hsm', holdsModules: true }));
    const made = await ensureTokens({
      counts: { [algorithm]: 1 },
      cacheDirectory: join(scratch.path, 'images'),
      signal: AbortSignal.timeout(START_DEADLINE_MS),
    });
    const [image] = made[algorithm];
    if (image === undefined) throw new InvariantError('no token was made');
    const directory = join(scratch.path, 'store');
    const store = resources.use(await openTokenStore({ directory, tokens: [image] }));
    const [token] = store.tokens;
    const [softHsm] = store.shards;
    if (token === undefined || softHsm === undefined) throw new InvariantError('the token was not stored');
    const { label, keyUri } = token;
    const { modulePath } = softHsm;
    const certified = await certifyToken({
      token: { label, pin: image.pin, keyUri, modulePath },
      ...{ registrationId, authority, resources },
    });
    const running = resources.move();
    const stop = (): Promise<void> => running.disposeAsync();
    const environment = { SOFTHSM2_CONF: softHsm.configuration };
    return { ...certified, environment, stop, [Symbol.asyncDispose]: stop };
  }
}

/** An RSA key takes a second at most. */
const START_DEADLINE_MS = 60_000;
