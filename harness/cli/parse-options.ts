import { InvalidArgumentError } from 'commander';

/** A whole number from 1 on, as the value of an option. @throws InvalidArgumentError */
export const parseCount = (text: string): number => parseWhole(text, 1);

/** A whole number from `least` on. @throws InvalidArgumentError */
export function parseWhole(text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw new InvalidArgumentError(`expected a whole number from ${least} on.`);
  return value;
}
