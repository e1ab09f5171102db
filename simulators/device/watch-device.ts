import { systemClock } from '../kernel/clock.ts';
import { tellMoments, type WireMoment, type WireRecord, type WireTap, watched } from '../kernel/wire-log.ts';
import type { Device } from './device.ts';
import type { TraceStep } from './device-trace.ts';

/** What was kept of a device beyond how it ended: plain data, and nothing in it is secret. */
export interface WatchedDevice {
  /** What went by between it and others, in the order of time. */
  readonly wire: readonly WireRecord[];
  /** Its certificates, leaf first; absent where it has none. */
  readonly chainPem?: string;
}

/** A device that hammers a service must not fill the memory. */
const MOST_MOMENTS = 2_000;

/** Keeps what went by between one device and others, until somebody asks. */
export class DeviceWatch {
  readonly #moments: WireMoment[] = [];
  readonly #switchedOnMs = systemClock.monotonicMs();

  readonly tap: WireTap = (moment) => {
    if (this.#moments.length < MOST_MOMENTS) this.#moments.push(moment);
  };

  /** The same device, watched. */
  watch(device: Omit<Device, 'watched'>, chainPem: string | undefined): Device {
    return {
      ...device,
      prepare: (signal) => watched(this.tap, () => device.prepare(signal)),
      register: async (signal) => {
        const beganMs = systemClock.monotonicMs();
        const trace = await watched(this.tap, () => device.register(signal));
        for (const step of trace.steps.filter(isOfDevice)) this.tap(momentOf(step, beganMs));
        return trace;
      },
      watched: () => ({
        wire: tellMoments(this.#moments, this.#switchedOnMs),
        ...(chainPem === undefined ? {} : { chainPem }),
      }),
    };
  }
}

/** What a token was called for is among the steps too, by the names of PKCS #11: that was told as it went by. */
const isOfDevice = ({ step }: TraceStep): boolean => !step.startsWith('C_');

const momentOf = ({ atMs, durationMs, step, detail }: TraceStep, beganMs: number): WireMoment => ({
  layer: 'step',
  atMs: beganMs + atMs,
  durationMs,
  tell: () => ({ text: detail === '' ? step : `${step}: ${detail}` }),
});
