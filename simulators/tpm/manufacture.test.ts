import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../kernel/bytes.ts';
import { openScratchDirectory } from '../processes/scratch-directory.ts';
import { expectNoChildProcessLeft } from '../processes/testing/child-processes.ts';
import { ensureTpms } from './manufacture.ts';
import { readPublic } from './testing/tpm-flows.ts';
import type { ManufacturedTpm } from './transport.ts';
import { openSwtpmProcess } from './transports/swtpm-process.ts';

const never = new AbortController().signal;
const openCache = () => openScratchDirectory({ name: 'test-cache' });
const ids = (tpms: readonly ManufacturedTpm[]): string[] => tpms.map((tpm) => tpm.tpmId);

async function ensure(
  count: number,
  cacheDirectory: string,
): Promise<{ tpms: ManufacturedTpm[]; made: number }> {
  let made = 0;
  const onProgress = (): void => {
    made += 1;
  };
  const tpms = await ensureTpms({ count, cacheDirectory, signal: never, onProgress });
  return { tpms, made };
}

/** Fails unless the state file really holds the TPM with these keys. */
async function expectSound(tpm: ManufacturedTpm): Promise<void> {
  await using swtpm = await openSwtpmProcess({ state: await readFile(tpm.stateFile) });
  expect(await readPublic(swtpm, 0x81010001)).toEqual(tpm.endorsementKey);
  expect(await readPublic(swtpm, 0x81000001)).toEqual(tpm.storageRootKey);
}

describe('ensureTpms', () => {
  it('makes TPMs whose keys are all different and are those in their states', async () => {
    await using cache = await openCache();
    const { tpms, made } = await ensure(6, cache.path);
    expect(made).toBe(6);
    expect(ids(tpms)).toEqual([0, 1, 2, 3, 4, 5].map((number) => `rsa2048-00000${number}`));
    expect(new Set(tpms.map((tpm) => toHex(tpm.endorsementKey))).size).toBe(6);
    expect(new Set(tpms.map((tpm) => toHex(tpm.storageRootKey))).size).toBe(6);
    expect(tpms.map((tpm) => tpm.endorsementKey.length)).toEqual(tpms.map(() => 316));
    expect(tpms.map((tpm) => tpm.storageRootKey.length)).toEqual(tpms.map(() => 284));
    await Promise.all(tpms.map(expectSound));
  });

  it('makes only what is missing', async () => {
    await using cache = await openCache();
    const first = await ensure(2, cache.path);
    const same = await ensure(2, cache.path);
    const more = await ensure(4, cache.path);
    expect([first.made, same.made, more.made]).toEqual([2, 0, 2]);
    expect(same.tpms).toEqual(first.tpms);
    expect(more.tpms.slice(0, 2)).toEqual(first.tpms);
  });

  const damages: readonly [string, (stateFile: string, indexFile: string) => Promise<void>][] = [
    ['a state that lost its end', (stateFile) => truncate(stateFile, 1000)],
    [
      'a state with one wrong byte',
      async (stateFile) => {
        const state = await readFile(stateFile);
        state[1500] = (state[1500] ?? 0) ^ 1;
        await writeFile(stateFile, state);
      },
    ],
    [
      'an index with one wrong character in a key',
      async (_stateFile, indexFile) => {
        const lines = (await readFile(indexFile, 'utf8')).split('\n');
        const damaged = lines.map((line) =>
          line.includes('rsa2048-000001') ? line.replace(/(endorsementKey":".{200})./, '$1_') : line,
        );
        await writeFile(indexFile, damaged.join('\n'));
      },
    ],
    [
      'a copy of another entry',
      async (_stateFile, indexFile) => {
        const lines = (await readFile(indexFile, 'utf8')).split('\n');
        const other = lines.find((line) => line.includes('rsa2048-000000')) ?? '';
        await appendFile(indexFile, `\n${other.replace('rsa2048-000000', 'rsa2048-000001')}`);
      },
    ],
  ];
  it.each(damages)('makes the entry anew that suffers from %s', async (_name, damage) => {
    await using cache = await openCache();
    const { tpms } = await ensure(3, cache.path);
    const [first, second, third] = tpms;
    await damage(second?.stateFile ?? '', join(cache.path, 'index.jsonl'));
    const repaired = await ensure(3, cache.path);
    expect(repaired.made).toBe(1);
    expect(repaired.tpms[0]).toEqual(first);
    expect(repaired.tpms[2]).toEqual(third);
    expect(repaired.tpms[1]?.tpmId).toBe('rsa2048-000001');
    expect(repaired.tpms[1]?.endorsementKey).not.toEqual(second?.endorsementKey);
    await Promise.all(repaired.tpms.map(expectSound));
    expect((await ensure(3, cache.path)).made).toBe(0);
  });

  it('goes on after a writer that was killed in the middle of a line', async () => {
    await using cache = await openCache();
    await ensure(1, cache.path);
    await appendFile(join(cache.path, 'index.jsonl'), '\n{"tpmId":"rsa2048-000001","dig');
    expect((await ensure(2, cache.path)).made).toBe(1);
    expect((await ensure(2, cache.path)).made).toBe(0);
  });

  it('makes each TPM once when two need them at the same time', async () => {
    await using cache = await openCache();
    const [one, other] = await Promise.all([ensure(4, cache.path), ensure(4, cache.path)]);
    expect(one.made + other.made).toBe(4);
    expect(one.tpms).toEqual(other.tpms);
  });

  it('keeps secrets from other users of the machine', async () => {
    await using cache = await openCache();
    const { tpms } = await ensure(1, cache.path);
    const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(cache.path)).toBe('700');
    expect(await mode(join(cache.path, 'index.jsonl'))).toBe('600');
    expect(await mode(tpms[0]?.stateFile ?? '')).toBe('600');
  });

  it('stops when it is told to, keeps what it made, and leaves no process behind', async () => {
    const cache = await openCache();
    const controller = new AbortController();
    const stopped = ensureTpms({
      count: 1000,
      cacheDirectory: cache.path,
      signal: controller.signal,
      onProgress: (made) => {
        if (made === 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await readdir(join(cache.path, 'states'))).length).toBeGreaterThanOrEqual(3);
    expect((await ensure(3, cache.path)).tpms).toHaveLength(3);
    await cache[Symbol.asyncDispose]();
    await expectNoChildProcessLeft();
  });
});
