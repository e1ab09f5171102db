/**
 * A time as the service writes it: UTC with seven fractional digits, trailing zeros dropped.
 *
 * @see a captured answer: `2017-10-24T09:26:00.9944915Z`, `…38.311444Z`
 */
export function serviceTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
