import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRunDirectory } from './run-directory.ts';

describe('openRunDirectory', () => {
  let parent = '';
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'run-directory-test-'));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const make = (name: string): string => {
    const path = join(parent, name);
    mkdirSync(path);
    return path;
  };

  it('makes a directory for this user alone, and removes it with all it holds', () => {
    const directory = openRunDirectory(parent);
    expect(statSync(directory.path).mode & 0o777).toBe(0o700);
    mkdirSync(join(directory.path, 'tpms'));
    directory[Symbol.dispose]();
    expect(existsSync(directory.path)).toBe(false);
  });

  it('leaves no handler behind at the process', () => {
    const before = process.listenerCount('exit');
    openRunDirectory(parent)[Symbol.dispose]();
    expect(process.listenerCount('exit')).toBe(before);
  });

  it('removes what a killed run has left, and nothing else', () => {
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const stale = make(`dps-rig-run-${dead}-abc`);
    const live = make(`dps-rig-run-${process.ppid}-abc`);
    const foreign = make('something-else');
    openRunDirectory(parent)[Symbol.dispose]();
    expect([stale, live, foreign].map((path) => existsSync(path))).toEqual([false, true, true]);
  });
});
