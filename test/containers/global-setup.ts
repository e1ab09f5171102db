import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { answers } from './docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why there are no containers here; empty when there are. */
    readonly noContainers: string;
  }
}

/** Sees to an engine and to the images, once for all files; an engine that it had to start ends with the tests. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const engine = answers('docker', 'info') ? undefined : await startEngine();
  const usable = engine !== 'none';
  const built = usable && spawnSync('bash', ['docker/build.sh'], { stdio: 'inherit' }).status === 0;
  if (usable && !built) throw new Error('docker/build.sh failed: see above');
  const reason = usable
    ? ''
    : 'no Docker engine answers, and none can be started (scripts/setup --containers)';
  if (!usable) process.stderr.write(`containers: skipped: ${reason}\n`);
  project.provide('noContainers', reason);
  return async () => {
    if (engine === undefined || engine === 'none') return;
    const ended = once(engine, 'exit');
    engine.kill('SIGTERM');
    await ended;
  };
}

async function startEngine(): Promise<ChildProcess | 'none'> {
  if (process.getuid?.() !== 0 || !answers('dockerd', '--version')) return 'none';
  mkdirSync('out', { recursive: true });
  const log = openSync('out/dockerd.log', 'a');
  const engine = spawn('dockerd', [], { stdio: ['ignore', log, log] });
  closeSync(log);
  const deadline = Date.now() + 60_000;
  while (engine.exitCode === null && Date.now() < deadline) {
    if (answers('docker', 'info')) return engine;
    await pause(200);
  }
  engine.kill('SIGTERM');
  process.stderr.write('containers: dockerd does not start, see out/dockerd.log\n');
  return 'none';
}
