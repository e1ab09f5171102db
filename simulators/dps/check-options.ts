import { fromBase64 } from '../kernel/bytes.ts';
import { UsageError } from '../kernel/errors.ts';

/**
 * Decodes a key that somebody gave.
 *
 * @param what for the message, e.g. `service key`
 * @throws UsageError
 */
export function readKey(text: string, what: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new UsageError(`the ${what} is not base64`, { cause });
  }
}

/** The C SDK splits a hub's name at its first dot, and the Java SDK throws where there is none. */
export function checkHubs(hubs: readonly string[]): void {
  const dotless = hubs.find((hub) => !hub.includes('.'));
  if (dotless === undefined) return;
  throw new UsageError(`hub ${dotless} has no dot in its name`, {
    hint: `Call it ${dotless}.azure-devices.net, for example.`,
  });
}

/** A weight of 0 would leave no hub to choose. */
export function checkWeights(weights: Readonly<Record<string, number>>): void {
  const wrong = Object.entries(weights).find(
    ([, weight]) => !Number.isInteger(weight) || weight < 1 || weight > 1000,
  );
  if (wrong === undefined) return;
  throw new UsageError(`hub ${wrong[0]} has the weight ${wrong[1]}`, {
    hint: 'A weight is a whole number from 1 to 1000.',
  });
}
