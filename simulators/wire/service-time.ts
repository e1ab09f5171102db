/**
 * A time as the service writes it: UTC with seven fractional digits, of which ours knows three.
 *
 * @see a captured answer: `2022-08-31T22:02:49.5163352Z`
 */
export const serviceTime = (epochMs: number): string =>
  `${new Date(epochMs).toISOString().slice(0, -1)}0000Z`;
