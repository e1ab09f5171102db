import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openManagementToken, readManagementToken } from './management-token.ts';

describe('the management token', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dps-rig-test-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is made once, for its owner alone, and kept', async () => {
    const file = join(directory, 'control', 'management-token');
    const token = await openManagementToken(file);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await openManagementToken(file)).toBe(token);
    expect(await readManagementToken(file)).toBe(token);
  });

  it('is taken from where nothing can be made', async () => {
    const file = join(directory, 'management-token');
    await writeFile(file, 'given\n');
    await chmod(directory, 0o555);
    expect(await openManagementToken(file)).toBe('given');
    await chmod(directory, 0o755);
  });

  it('is not an empty one', async () => {
    const file = join(directory, 'empty');
    await writeFile(file, '\n');
    await expect(openManagementToken(file)).rejects.toMatchObject({ code: 'ENVIRONMENT' });
    expect(await readFile(file, 'utf8')).toBe('\n');
  });

  it('cannot be read where there is none', async () => {
    await expect(readManagementToken(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENVIRONMENT' });
  });
});
