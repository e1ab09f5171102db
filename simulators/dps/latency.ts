import { seededRandom } from '../kernel/random.ts';
import { idKey } from './registration-id.ts';

export const latencyNames = ['zero', 'realistic'] as const;
export type Latency = (typeof latencyNames)[number];

interface LatencyModel {
  /** How long the answer to a request is held back. @param what method and target */
  requestMs(seed: number, what: string): number;
  /** How long a registration is `assigning`. */
  assigningMs(seed: number, registrationId: string): number;
}

/**
 * How long the service takes; each figure is a function of the seed and of what is asked for, so that a run can be repeated.
 *
 * Of the real service only this was seen in public: Retry-After of 3 to 5 s, and logs in which a device finds its
 * registration `assigning` once or twice. The requests' times are assumptions: a round trip over a continent, and TLS ended
 * by a busy gateway.
 */
export const latencies: Readonly<Record<Latency, LatencyModel>> = {
  zero: { requestMs: () => 0, assigningMs: () => 0 },
  realistic: {
    requestMs: (seed, what) => between(40, 160, seed, 'request', what),
    assigningMs: (seed, id) => between(1000, 5000, seed, 'assigning', idKey(id)),
  },
};

const between = (fromMs: number, toMs: number, seed: number, ...labels: readonly string[]): number =>
  fromMs + (toMs - fromMs) * seededRandom(seed, ...labels).next();
