import {
  type ChipName,
  openSimulatedTpm,
  type SimulatedTpmSource,
  withLatency,
} from '../simulators/index.ts';
import { systemClock } from '../simulators/kernel/clock.ts';
import { seededRandom } from '../simulators/kernel/random.ts';
import { publishDeviceTpm, type StartedSoftwareTpm } from './started-software-tpm.ts';

/**
 * A TPM 2.0 of its own for one device: swtpm, in a process that ends with this one.
 *
 * @example `await using tpm = await new SoftwareTpm().start();`
 */
export class SoftwareTpm {
  #source: SimulatedTpmSource = { kind: 'ephemeral' };
  #chip: ChipName | undefined;

  /** Keeps the TPM, its keys with it, in a file, which is made when missing. Default: a new TPM at each start. */
  withStateFile(file: string): this {
    this.#source = { kind: 'state-file', file };
    return this;
  }

  /** As slow as this chip: docs/tpm.md. Default: as fast as swtpm. */
  withChip(chip: ChipName): this {
    this.#chip = chip;
    return this;
  }

  /** @throws EnvironmentError when swtpm is missing, or the state file cannot be used */
  async start(): Promise<StartedSoftwareTpm> {
    await using resources = new AsyncDisposableStack();
    const signal = AbortSignal.timeout(START_DEADLINE_MS);
    const { transport } = resources.use(await openSimulatedTpm(this.#source, { signal }));
    const chip = this.#chip;
    const published = await publishDeviceTpm({
      transport:
        chip === undefined
          ? transport
          : withLatency(transport, {
              chip,
              random: seededRandom(0, 'software TPM', chip),
              clock: systemClock,
            }),
      resources,
      signal,
    });
    const running = resources.move();
    return {
      ...published,
      stop: () => running.disposeAsync(),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  }
}

/** An RSA key in a swtpm takes a second at most. */
const START_DEADLINE_MS = 60_000;
