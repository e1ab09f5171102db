/** A stretch of the fleet, `from` included and `to` not: the unit of work. */
export interface Range {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a fleet into ranges of at most `size` devices: every device is in exactly one.
 *
 * @param warmUp so many devices at the beginning are in ranges of their own
 */
export function splitIntoRanges(devices: number, size: number, warmUp = 0): readonly Range[] {
  const boundary = Math.min(devices, warmUp);
  const starts = [...startsOf(0, boundary, size), ...startsOf(boundary, devices, size)];
  return starts.map((from, number) => ({ number, from, to: starts[number + 1] ?? devices }));
}

/** The range that a position is in. @param ranges in their order, without gaps */
export function rangeAt(ranges: readonly Range[], position: number): Range | undefined {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined || position < range.from) high = middle - 1;
    else if (position >= range.to) low = middle + 1;
    else return range;
  }
  return undefined;
}

const startsOf = (from: number, to: number, size: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);

/** Shares out `total` as evenly as whole numbers allow: the parts add up to it exactly. */
export function shareOut(total: number, parts: number): readonly number[] {
  return Array.from(
    { length: parts },
    (_, part) => Math.floor(total / parts) + (part < total % parts ? 1 : 0),
  );
}
