import { startEmulatorContainer } from '../simulators/index.ts';
import { DpsSettingsBuilder } from './dps-settings.ts';
import { type StartedDpsEmulator, startedDpsEmulator } from './started-dps-emulator.ts';

/**
 * The same as `DpsEmulator` in a container, from the image dps-rig/emulator. Needs Docker on this machine.
 *
 * @example `await using dps = await new DpsEmulatorContainer().start();`
 */
export class DpsEmulatorContainer extends DpsSettingsBuilder {
  readonly #tag: string | undefined;

  /** @param tag of the image; default `DPS_RIG_TAG`, or `latest` */
  constructor(tag?: string) {
    super();
    this.#tag = tag;
  }

  /**
   * @throws EnvironmentError when there is no engine or no image, or the emulator refuses its settings
   * @throws DpsServiceError for an enrollment that the service would refuse
   */
  async start(): Promise<StartedDpsEmulator> {
    const { enrollments = [], ...options } = this.settings;
    await using resources = new AsyncDisposableStack();
    const dps = resources.use(await startEmulatorContainer({ ...options, tag: this.#tag }));
    await dps.control.enroll(enrollments);
    const info = await dps.control.info();
    const running = resources.move();
    return startedDpsEmulator({
      ...{ info, host: 'localhost', ports: dps.ports, control: dps.control },
      serviceConnectionString: dps.serviceConnectionString,
      stop: () => running.disposeAsync(),
    });
  }
}
