import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../kernel/bytes.ts';
import { EnvironmentError, UsageError } from '../kernel/errors.ts';
import { openScratchDirectory, type ScratchDirectory } from '../processes/scratch-directory.ts';
import { openSimulatedTpm, type SimulatedTpmSource } from './open-simulated-tpm.ts';

const readEk = fromHex('80010000000e0000017381010001');
const { signal } = new AbortController();

describe('openSimulatedTpm', () => {
  let scratch: ScratchDirectory;

  beforeAll(async () => {
    scratch = await openScratchDirectory({ name: 'simulated-tpm' });
  });
  afterAll(async () => {
    await scratch[Symbol.asyncDispose]();
  });

  /** The EK of the TPM, which is then closed. */
  const ekOf = async (source: SimulatedTpmSource): Promise<string> => {
    await using tpm = await openSimulatedTpm(source, { signal });
    const response = await tpm.transport.send(readEk);
    expect(response.length).toBeGreaterThan(300);
    return toHex(response);
  };
  const evictEk = fromHex('800200000023000001204000000181010001000000094000000900000100008101 0001');

  it('opens the same TPM of the cache by number and by id, unchanged by what was done to it before', async () => {
    const cacheDirectory = join(scratch.path, 'cache');
    const first = await ekOf({ kind: 'cached', tpm: '1', cacheDirectory });
    {
      await using tpm = await openSimulatedTpm({ kind: 'cached', tpm: '1', cacheDirectory }, { signal });
      expect(tpm.label).toBe('rsa2048-000001');
      await tpm.transport.send(evictEk);
    }
    expect(await ekOf({ kind: 'cached', tpm: 'rsa2048-000001', cacheDirectory })).toBe(first);
    expect(await ekOf({ kind: 'cached', tpm: '0', cacheDirectory })).not.toBe(first);
  });

  it('keeps a TPM in a file: made when missing, private, and written when it is closed', async () => {
    const file = join(scratch.path, 'my-tpm');
    const ek = await ekOf({ kind: 'state-file', file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await ekOf({ kind: 'state-file', file })).toBe(ek);
    const evictIn = async (readOnly: boolean): Promise<string> => {
      {
        await using tpm = await openSimulatedTpm({ kind: 'state-file', file, readOnly }, { signal });
        await tpm.transport.send(evictEk);
      }
      await using again = await openSimulatedTpm({ kind: 'state-file', file, readOnly: true }, { signal });
      return toHex(await again.transport.send(readEk));
    };
    expect(await evictIn(true)).toBe(ek);
    expect(await evictIn(false)).toBe('80010000000a0000018b');
  });

  it('makes a TPM that nobody has seen before', async () => {
    expect(await ekOf({ kind: 'ephemeral' })).not.toBe(await ekOf({ kind: 'ephemeral' }));
  });

  it('refuses what cannot be a TPM of the cache', async () => {
    await expect(openSimulatedTpm({ kind: 'cached', tpm: 'mine' }, { signal })).rejects.toBeInstanceOf(
      UsageError,
    );
  });

  it('says when a state file is damaged, or cannot be written', async () => {
    const damaged = join(scratch.path, 'damaged');
    await writeFile(damaged, 'not a TPM');
    await expect(openSimulatedTpm({ kind: 'state-file', file: damaged }, { signal })).rejects.toBeInstanceOf(
      EnvironmentError,
    );
    await expect(
      openSimulatedTpm(
        { kind: 'state-file', file: join(scratch.path, 'no', 'such', 'directory') },
        { signal },
      ),
    ).rejects.toBeInstanceOf(EnvironmentError);
  });
});
