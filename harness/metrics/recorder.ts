import type { ErrorCount, OutcomeCounts } from '../../reports/run-result.ts';
import type { Phase } from '../../simulators/index.ts';
import { DurationHistogram } from './histogram.ts';
import { latencyMs, type Outcome } from './outcome.ts';
import { TimeSeries } from './time-series.ts';

type Counts = { -readonly [Kind in keyof OutcomeCounts]: number };

const noCounts = (): Counts => ({ assigned: 0, ended: 0, error: 0, aborted: 0 });
const EXAMPLES = 5;

interface CellMetrics {
  readonly counts: Counts;
  readonly total: DurationHistogram;
}

/** One device's error, as the report shows it. */
interface ErrorExample {
  readonly index: number;
  readonly registrationId: string;
  readonly message: string;
  readonly hint: string | null;
}

interface CountedError {
  count: number;
  /** The first of the fleet, by their position in it: who fails first depends on the number of workers. */
  examples: readonly ErrorExample[];
}

/** Counters, histograms and a time series of a run. */
export class Recorder {
  /** All devices, those of the warm-up too. */
  readonly counts = noCounts();
  readonly #timed = noCounts();
  readonly total = new DurationHistogram();
  readonly lateness = new DurationHistogram();
  readonly series = new TimeSeries();
  readonly #phases = new Map<Phase, DurationHistogram>();
  readonly #cells = new Map<number, CellMetrics>();
  readonly #errors = new Map<string, CountedError>();
  #lastEndMs = 0;

  /** Counts a device of the warm-up: its times say nothing. */
  countOnly(outcome: Outcome): void {
    const { result, cell } = outcome;
    this.counts[result.kind] += 1;
    this.cell(cell).counts[result.kind] += 1;
    this.#countError(outcome);
  }

  add(outcome: Outcome): void {
    const { result, cell } = outcome;
    const ofCell = this.cell(cell);
    this.counts[result.kind] += 1;
    ofCell.counts[result.kind] += 1;
    this.#timed[result.kind] += 1;
    this.series.add(outcome);
    this.#lastEndMs = Math.max(this.#lastEndMs, outcome.endMs);
    if (result.kind === 'aborted') return; // stopped by us: says nothing of the service
    this.total.record(latencyMs(outcome));
    ofCell.total.record(latencyMs(outcome));
    this.lateness.record(outcome.startMs - outcome.intendedStartMs);
    for (const [phase, durationMs] of Object.entries(outcome.phasesMs))
      this.phase(phase as Phase).record(durationMs);
    this.#countError(outcome);
  }

  /** Without the warm-up: what rates are of. */
  get timed(): OutcomeCounts {
    return this.#timed;
  }

  /** Milliseconds from the beginning of the run to the last outcome. */
  get lastEndMs(): number {
    return this.#lastEndMs;
  }

  phase(phase: Phase): DurationHistogram {
    return getOrMake(this.#phases, phase, () => new DurationHistogram());
  }

  cell(cell: number): CellMetrics {
    return getOrMake(this.#cells, cell, () => ({ counts: noCounts(), total: new DurationHistogram() }));
  }

  phaseNames(): readonly Phase[] {
    return [...this.#phases.keys()];
  }

  /** Most frequent first; of equally many, by code. */
  errors(): readonly ErrorCount[] {
    return [...this.#errors]
      .map(([code, { count, examples }]) => ({
        code,
        count,
        message: examples[0]?.message ?? '',
        hint: examples[0]?.hint ?? null,
        examples: examples.map(({ registrationId }) => registrationId),
      }))
      .toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
  }

  #countError({ result, registrationId, index }: Outcome): void {
    if (result.kind === 'assigned' || result.kind === 'aborted') return;
    const code =
      result.kind === 'error' ? result.error.code : `DPS_${result.errorCode ?? result.status.toUpperCase()}`;
    const message = result.kind === 'error' ? result.error.message : result.message;
    const hint = result.kind === 'error' ? (result.error.hint ?? null) : null;
    const counted = getOrMake(this.#errors, code, (): CountedError => ({ count: 0, examples: [] }));
    counted.count += 1;
    const last = counted.examples.at(-1);
    if (last !== undefined && counted.examples.length === EXAMPLES && last.index < index) return;
    counted.examples = [...counted.examples, { index, registrationId, message, hint }]
      .toSorted((a, b) => a.index - b.index)
      .slice(0, EXAMPLES);
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
