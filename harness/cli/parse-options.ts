import { InvalidArgumentError } from 'commander';
import type { Override } from '../scenario/override.ts';

/** A whole number from 1 on, as the value of an option. @throws InvalidArgumentError */
export const parseCount = (text: string): number => parseWhole(text, 1);

/** A whole number from `least` on. @throws InvalidArgumentError */
export function parseWhole(text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw new InvalidArgumentError(`expected a whole number from ${least} on.`);
  return value;
}

/** `--set key=value`: a value that is JSON is taken as such, anything else as text. @throws InvalidArgumentError */
export function collectOverride(text: string, all: readonly Override[]): readonly Override[] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('expected key=value, for example load.concurrency=8.');
  const written = text.slice(equals + 1);
  let value: unknown = written;
  try {
    value = JSON.parse(written);
  } catch {
    // a plain word: a string
  }
  return [...all, { path: text.slice(0, equals), value }];
}
