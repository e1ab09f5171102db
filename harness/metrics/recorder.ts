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

interface CountedError {
  count: number;
  readonly message: string;
  readonly hint: string | null;
  readonly examples: string[];
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

  /** Most frequent first. */
  errors(): readonly ErrorCount[] {
    return [...this.#errors]
      .map(([code, error]) => ({ code, ...error }))
      .toSorted((a, b) => b.count - a.count);
  }

  #countError({ result, registrationId }: Outcome): void {
    if (result.kind === 'assigned' || result.kind === 'aborted') return;
    const code =
      result.kind === 'error' ? result.error.code : `DPS_${result.errorCode ?? result.status.toUpperCase()}`;
    const message = result.kind === 'error' ? result.error.message : result.message;
    const hint = result.kind === 'error' ? (result.error.hint ?? null) : null;
    const counted = getOrMake(
      this.#errors,
      code,
      (): CountedError => ({ count: 0, message, hint, examples: [] }),
    );
    counted.count += 1;
    if (counted.examples.length < EXAMPLES) counted.examples.push(registrationId);
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
