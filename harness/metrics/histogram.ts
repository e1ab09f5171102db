import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import type { Distribution } from '../../reports/run-result.ts';
import type { Statistic } from '../verdict/threshold-syntax.ts';

const HIGHEST_US = 24 * 3_600_000_000;
const points = [0, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

/** Durations in an HdrHistogram: microseconds inside, 3 significant digits, up to a day. */
export class DurationHistogram {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
  });

  /** Exact: an encoded histogram knows it to its bucket only. */
  #maxUs = 0;

  record(durationMs: number): void {
    const us = Math.min(HIGHEST_US, Math.max(0, Math.round(durationMs * 1000)));
    this.#histogram.recordValue(us);
    this.#maxUs = Math.max(this.#maxUs, us);
  }

  /** All that several reports recorded, to the bucket. */
  static merged(reports: readonly Distribution[]): DurationHistogram {
    const all = new DurationHistogram();
    for (const { hdr, maxMs } of reports) {
      all.#histogram.add(decodeFromCompressedBase64(hdr, 32));
      all.#maxUs = Math.max(all.#maxUs, Math.round((maxMs ?? 0) * 1000));
    }
    return all;
  }

  /** Adds what another one recorded, bucket by bucket: nothing is lost beyond the 3 digits. */
  add(other: DurationHistogram): void {
    this.#histogram.add(other.#histogram);
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Milliseconds (a number of durations for `count`); undefined where nothing was recorded. */
  statistic(wanted: Statistic): number | undefined {
    if (wanted.kind === 'count') return this.count;
    if (this.count === 0) return undefined;
    switch (wanted.kind) {
      case 'percentile':
        return this.#percentileMs(wanted.percentile);
      case 'med':
        return this.#percentileMs(50);
      case 'min':
        return this.#percentileMs(0);
      case 'max':
        return this.#maxUs / 1000;
      case 'avg':
        return this.#histogram.mean / 1000;
      case 'rate':
      case 'perSecond':
        return undefined;
    }
  }

  /** As reports want it. */
  toDistribution(): Distribution {
    const { count } = this;
    const value = (kind: 'min' | 'avg' | 'max'): number | null => this.statistic({ kind }) ?? null;
    const at = (percentile: number): number | null =>
      this.statistic({ kind: 'percentile', percentile }) ?? null;
    return {
      count,
      minMs: value('min'),
      meanMs: value('avg'),
      p50Ms: at(50),
      p90Ms: at(90),
      p95Ms: at(95),
      p99Ms: at(99),
      maxMs: value('max'),
      ...(count === 0
        ? {}
        : { percentiles: points.map((percentile) => ({ percentile, ms: this.#percentileMs(percentile) })) }),
      hdr: encodeIntoCompressedBase64(this.#histogram),
    };
  }

  #percentileMs(percentile: number): number {
    return this.#histogram.getValueAtPercentile(percentile) / 1000;
  }
}
