import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let parent = '';
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'dps-rig-test-'));
});
afterEach(() => rm(parent, { recursive: true }));

describe('makeDirectory', () => {
  it('makes a directory with its parents, and is content when it is there', async () => {
    const directory = join(parent, 'a', 'b');
    makeDirectory(directory, 'the reports', 0o700);
    makeDirectory(directory, 'the reports');
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('ends with an error where a file is in the way', async () => {
    await writeFile(join(parent, 'file'), '');
    for (const way of ['file', 'file/below']) {
      expect(() => {
        makeDirectory(join(parent, way), 'the reports');
      }).toThrow(
        expect.objectContaining({
          code: 'ENVIRONMENT',
          component: 'the reports',
        }),
      );
    }
  });

  it('ends with an error on a file system that makes no directories', () => {
    expect(() => {
      makeDirectory('/proc/none/below', 'the reports');
    }).toThrow(
      expect.objectContaining({
        code: 'ENVIRONMENT',
      }),
    );
  });
});
