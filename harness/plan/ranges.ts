/** A stretch of the fleet, `from` included and `to` not: the unit of work. */
export interface Range {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** Cuts a fleet into ranges of at most `size` devices: every device is in exactly one. */
export function splitIntoRanges(devices: number, size: number): readonly Range[] {
  return Array.from({ length: Math.ceil(devices / size) }, (_, number) => ({
    number,
    from: number * size,
    to: Math.min(devices, (number + 1) * size),
  }));
}

/** Shares out `total` as evenly as whole numbers allow: the parts add up to it exactly. */
export function shareOut(total: number, parts: number): readonly number[] {
  return Array.from(
    { length: parts },
    (_, part) => Math.floor(total / parts) + (part < total % parts ? 1 : 0),
  );
}
