import { openContainerToken } from '../simulators/index.ts';
import { requireMainThread, SoftHsmSettingsBuilder } from './soft-hsm-settings.ts';
import { certifyToken, type StartedSoftHsm } from './started-soft-hsm.ts';

/**
 * The same as `SoftHsm` in a container, from the image dps-rig/softhsm. Needs Docker and p11-kit-client.so on this machine.
 *
 * @example `await using hsm = await new SoftHsmContainer().withRegistrationId('edge-01').start();`
 */
export class SoftHsmContainer extends SoftHsmSettingsBuilder {
  readonly #tag: string | undefined;

  /** @param tag of the image; default `DPS_RIG_TAG`, or `latest` */
  constructor(tag?: string) {
    super();
    this.#tag = tag;
  }

  /** @throws EnvironmentError when there is no engine, no image or no p11-kit-client.so, or this is no main thread */
  async start(): Promise<StartedSoftHsm> {
    requireMainThread();
    const { algorithm, registrationId, authority } = this.settings;
    await using resources = new AsyncDisposableStack();
    const opened = resources.use(await openContainerToken({ algorithm, tag: this.#tag }));
    const { label, pin, keyUri, modulePath, environment } = opened;
    const certified = await certifyToken({
      token: { label, pin, keyUri, modulePath },
      ...{ registrationId, authority, resources },
    });
    const running = resources.move();
    const stop = (): Promise<void> => running.disposeAsync();
    return { ...certified, environment, stop, [Symbol.asyncDispose]: stop };
  }
}
