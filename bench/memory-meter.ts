/** A call of a party: what its process has resident, in MiB, after its garbage is gone where `--expose-gc` lets it be. */
export const memoryMeter = (): { residentMiB: () => Promise<number> } => ({
  residentMiB: () => {
    globalThis.gc?.();
    return Promise.resolve(process.memoryUsage().rss / 2 ** 20);
  },
});
