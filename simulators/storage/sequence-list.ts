/** What a list keeps in order. */
export interface Slot {
  readonly sequence: number;
  /** Removed, and left where it is until the list is tidied. */
  isGone: boolean;
}

/** Slots by their sequence: finding a place is a binary search, and removing one does not move the others. */
export class SequenceList<T extends Slot> {
  #slots: T[] = [];
  #gone = 0;

  add(slot: T): void {
    const last = this.#slots.at(-1);
    if (last === undefined || last.sequence < slot.sequence) this.#slots.push(slot);
    else this.#slots.splice(this.#firstAfter(slot.sequence), 0, slot);
  }

  /** To be called once for a slot that was marked as gone. */
  forget(): void {
    this.#gone += 1;
    if (this.#gone * 2 <= this.#slots.length) return;
    this.#slots = this.#slots.filter(({ isGone }) => !isGone);
    this.#gone = 0;
  }

  get isEmpty(): boolean {
    return this.#slots.length === this.#gone;
  }

  page(after: number, limit: number): T[] {
    const found: T[] = [];
    for (
      let index = this.#firstAfter(after);
      index < this.#slots.length && found.length < limit;
      index += 1
    ) {
      const slot = this.#slots[index];
      if (slot !== undefined && !slot.isGone) found.push(slot);
    }
    return found;
  }

  #firstAfter(sequence: number): number {
    let low = 0;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#slots[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
