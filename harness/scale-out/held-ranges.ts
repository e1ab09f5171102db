import { z } from 'zod';
import type { LiveCounts } from '../load/shared-control.ts';
import type { Ask } from './ask.ts';
import { type Asked, decodeMessage } from './messages.ts';
import type { LeasedItem, WorkQueue } from './nats-link.ts';

const itemSchema = z.strictObject({ range: z.int().nonnegative() });
const nothing: LiveCounts = { started: 0, assigned: 0, ended: 0, error: 0, aborted: 0 };

interface Held {
  readonly item: LeasedItem;
  counts: LiveCounts;
}

/** The ranges that a worker has on lease. It keeps them by a word now and then; when the worker dies, others get them. */
export class HeldRanges implements Disposable {
  readonly #held = new Map<number, Held>();
  readonly #ask: Ask;
  readonly #worker: string;
  readonly #keeping: NodeJS.Timeout;

  constructor(ask: Ask, { worker, leaseMs }: { readonly worker: string; readonly leaseMs: number }) {
    this.#ask = ask;
    this.#worker = worker;
    this.#keeping = setInterval(() => this.#keep(), leaseMs / 3);
  }

  /** Takes ranges until there are so many, or no more for now. @returns their numbers */
  async take(queue: WorkQueue, most: number, signal: AbortSignal): Promise<readonly number[]> {
    while (this.#held.size < most && !signal.aborted) {
      const item = await queue.take();
      if (item === undefined) break;
      const { range } = itemSchema.parse(await decodeMessage(item.data));
      const { outcome } = await this.#ask('lease', { worker: this.#worker, range, delivery: item.delivery });
      if (outcome === 'yours') this.#held.set(range, { item, counts: nothing });
      if (outcome === 'done') item.done();
    }
    return [...this.#held.keys()];
  }

  /** For the snapshot. */
  report(): Asked<'snapshot'>['ranges'] {
    return [...this.#held].map(([range, { item, counts }]) => ({ range, delivery: item.delivery, counts }));
  }

  count(countsOf: (range: number) => LiveCounts): void {
    for (const [range, held] of this.#held) held.counts = countsOf(range);
  }

  /** Tells what became of a range, and gives it up: it is taken out of the queue if this worker still had it. */
  async finish(range: number, said: Pick<Asked<'result'>, 'outcomes' | 'keys'>): Promise<void> {
    const held = this.#held.get(range);
    if (held === undefined) return;
    const { delivery } = held.item;
    const { outcome } = await this.#ask('result', { worker: this.#worker, range, delivery, ...said });
    if (outcome !== 'superseded') held.item.done();
    this.#held.delete(range);
  }

  /** Gives a range up for others to do. */
  release(range: number): void {
    this.#held.get(range)?.item.release();
    this.#held.delete(range);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#keeping);
    for (const range of this.#held.keys()) this.release(range);
  }

  #keep(): void {
    for (const { item } of this.#held.values()) item.keep();
  }
}
