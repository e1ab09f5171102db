import { openContainerTpm } from '../simulators/index.ts';
import { publishDeviceTpm, type StartedSoftwareTpm } from './started-software-tpm.ts';

/**
 * The same as `SoftwareTpm` in a container, from the image dps-rig/swtpm: a new TPM at each start. Needs Docker on this
 * machine. Clients go through this process, which lets them take turns.
 *
 * @example `await using tpm = await new SoftwareTpmContainer().start();`
 */
export class SoftwareTpmContainer {
  readonly #tag: string | undefined;

  /** @param tag of the image; default `DPS_RIG_TAG`, or `latest` */
  constructor(tag?: string) {
    this.#tag = tag;
  }

  /** @throws EnvironmentError when there is no engine or no image */
  async start(): Promise<StartedSoftwareTpm> {
    const signal = AbortSignal.timeout(START_DEADLINE_MS);
    await using resources = new AsyncDisposableStack();
    const { transport } = resources.use(await openContainerTpm({ tag: this.#tag, signal }));
    const published = await publishDeviceTpm({ transport, resources, signal });
    const running = resources.move();
    const stop = (): Promise<void> => running.disposeAsync();
    return { ...published, stop, [Symbol.asyncDispose]: stop };
  }
}

/** A container, which may have to wait for others, and two keys. */
const START_DEADLINE_MS = 180_000;
