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

const startsOf = (from: number, to: number, size: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);

/** Shares out `total` as evenly as whole numbers allow: the parts add up to it exactly. */
export function shareOut(total: number, parts: number): readonly number[] {
  return Array.from(
    { length: parts },
    (_, part) => Math.floor(total / parts) + (part < total % parts ? 1 : 0),
  );
}
