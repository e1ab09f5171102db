import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { takeMachineLock } from './machine-lock.ts';
import { startProcess } from './managed-process.ts';

const never = new AbortController().signal;

/** A lock that another process holds until it ends; it says so on its channel first. */
async function lockElsewhere(name: string) {
  const program = `
    import { writeSync } from 'node:fs';
    import { takeMachineLock } from '${import.meta.dirname}/machine-lock.ts';
    await takeMachineLock('${name}', new AbortController().signal);
    writeSync(3, 'held');
  `;
  const holder = await startProcess({
    command: process.execPath,
    args: ['--input-type=module', '--eval', program],
    channels: 1,
    install: 'Node',
  });
  const held = Promise.withResolvers<undefined>();
  holder.channels[0]?.once('data', () => held.resolve(undefined));
  await held.promise;
  return holder;
}

describe('takeMachineLock', () => {
  it('is held by one at a time', async () => {
    const name = randomUUID();
    let holders = 0;
    let most = 0;
    const hold = async (): Promise<void> => {
      await using _lock = await takeMachineLock(name, never);
      holders += 1;
      most = Math.max(most, holders);
      await new Promise((resolve) => setImmediate(resolve));
      holders -= 1;
    };
    await Promise.all([hold(), hold(), hold(), hold()]);
    expect(most).toBe(1);
  });

  it('comes free when the process that holds it is killed', async () => {
    const name = randomUUID();
    await using holder = await lockElsewhere(name);
    await expect(takeMachineLock(name, AbortSignal.timeout(100))).rejects.toMatchObject({
      phase: 'timeout',
    });
    const waiting = takeMachineLock(name, never);
    process.kill(holder.pid, 'SIGKILL');
    await using _lock = await waiting;
  });

  it('stops waiting when it is told to', async () => {
    const name = randomUUID();
    await using _lock = await takeMachineLock(name, never);
    const controller = new AbortController();
    const waiting = takeMachineLock(name, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
