import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isNoexec, openScratchDirectory } from './scratch-directory.ts';

describe('a scratch directory', () => {
  it('is there until it is disposed of', async () => {
    const directory = await openScratchDirectory({ name: 'test', holdsModules: true });
    expect(existsSync(directory.path)).toBe(true);
    await directory[Symbol.asyncDispose]();
    expect(existsSync(directory.path)).toBe(false);
  });
});

describe('isNoexec', () => {
  const container = 'shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k 0 0\n';
  const machine = 'tmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0\n';

  it.each([
    ['as a container has it', container, true],
    ['as a machine has it', machine, false],
    ['mounted again over that', container + machine, false],
    ['on a system that does not tell', '', false],
  ])('reads the options of the mount %s', (_title, mounts, refused) => {
    expect(isNoexec('/dev/shm', mounts)).toBe(refused);
  });
});
