import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeReports } from './index.ts';
import { runResultSchema } from './run-result.ts';
import { buildRunResult } from './testing/build-run-result.ts';
import { buildFailedRun, runResultFixtures } from './testing/run-result-fixtures.ts';

const fileNames = ['run-result.json', 'junit.xml', 'summary.md', 'index.html'];

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'dps-rig-reports-'));
});
afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

describe('writeReports', () => {
  it('creates the directory, writes every format, and leaves nothing else', async () => {
    const directory = join(parent, 'a', 'b');
    const paths = await writeReports(buildRunResult(), directory);
    expect(paths).toEqual(fileNames.map((name) => join(directory, name)));
    expect((await readdir(directory)).toSorted()).toEqual(fileNames.toSorted());
  });

  it('makes files that everybody may read, under a strict umask too', async () => {
    const umask = process.umask(0o077);
    try {
      for (const path of await writeReports(buildRunResult(), parent)) {
        expect((await stat(path)).mode & 0o777, basename(path)).toBe(0o644);
      }
    } finally {
      process.umask(umask);
    }
  });

  it('replaces the reports of an earlier run', async () => {
    await writeReports(buildRunResult(), parent);
    const [json = ''] = await writeReports(buildFailedRun(), parent);
    expect(runResultSchema.parse(JSON.parse(await readFile(json, 'utf8'))).verdict).toBe(
      'correctness-failed',
    );
    expect((await readdir(parent)).toSorted()).toEqual(fileNames.toSorted());
  });

  it('leaves no temporary file behind when it cannot write', async () => {
    await mkdir(join(parent, 'junit.xml'));
    await writeFile(join(parent, 'junit.xml', 'occupied'), '');
    await expect(writeReports(buildRunResult(), parent)).rejects.toMatchObject({ code: 'EISDIR' });
    expect((await readdir(parent)).toSorted()).toEqual(['junit.xml', 'run-result.json']);
  });

  it.each(Object.entries(runResultFixtures))(
    'writes JSON that the schema reads back: %s',
    async (_, build) => {
      const [json = ''] = await writeReports(build(), parent);
      const result = build();
      expect(runResultSchema.parse(JSON.parse(await readFile(json, 'utf8')))).toEqual(result);
    },
  );
});
