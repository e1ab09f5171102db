import { describe, expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

describe('waitFor', () => {
  it('gives the first value that is there', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      return looks < 3 ? undefined : 'there';
    };
    await expect(waitFor(look, { what: 'it', deadlineMs: 5_000, intervalMs: 1 })).resolves.toBe('there');
    expect(looks).toBe(3);
  });

  it('gives up when time is up, and when it is told to', async () => {
    const options = { what: 'nothing', deadlineMs: 20, intervalMs: 1 };
    await expect(waitFor(() => false, options)).rejects.toMatchObject({ phase: 'timeout' });
    const signal = AbortSignal.abort();
    await expect(waitFor(() => false, { ...options, signal })).rejects.toMatchObject({ phase: 'aborted' });
  });

  it('passes on what looking throws', async () => {
    const look = (): never => {
      throw new Error('blind');
    };
    await expect(waitFor(look, { what: 'it', deadlineMs: 5_000 })).rejects.toThrow('blind');
  });
});
