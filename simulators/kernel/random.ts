import { createHash } from 'node:crypto';

/** Where chance comes from: reproducible, a function of its labels and never of arrival order. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
  bytes(length: number): Uint8Array;
}

/**
 * A generator that depends on nothing but the seed and the labels, so that the same scenario makes the same
 * choices with 1 worker or 16.
 *
 * @param labels for example `'poll-jitter', registrationId, attempt`
 */
export function seededRandom(seed: number, ...labels: readonly (string | number)[]): Random {
  const material = JSON.stringify([seed, ...labels]);
  const digest = createHash('sha256').update(material).digest();
  let [a, b, c, d] = [
    digest.readInt32LE(0),
    digest.readInt32LE(4),
    digest.readInt32LE(8),
    digest.readInt32LE(12),
  ];
  // sfc32 (Chris Doty-Humphrey, PractRand): small, fast, good enough for jitter and selection; never for keys.
  const next32 = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  return {
    next: () => next32() / 2 ** 32,
    integer: (bound) => Math.floor((next32() / 2 ** 32) * bound),
    bytes: (length) => Uint8Array.from({ length }, () => next32() & 0xff),
  };
}
