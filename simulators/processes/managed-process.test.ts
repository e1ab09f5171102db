import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type ManagedProcess, startProcess } from './managed-process.ts';
import { expectNoChildProcessLeft, isAlive } from './testing/child-processes.ts';

const install = 'sudo apt-get install it';
const shell = (script: string, options: { channels?: number; stopDeadlineMs?: number } = {}) =>
  startProcess({ command: 'sh', args: ['-c', script], install, ...options });

function channel(child: ManagedProcess, index = 0): Socket {
  const socket = child.channels[index];
  if (socket === undefined) throw new Error(`there is no channel ${index}`);
  return socket;
}

describe('startProcess', () => {
  it('names the program that is missing and how to install it', async () => {
    await expect(startProcess({ command: 'no-such-tpm', args: [], install })).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      component: 'no-such-tpm',
      hint: `Install it: ${install}`,
    });
  });

  it('connects the descriptors 3 and 4 in both directions', async () => {
    await using child = await shell('read -r a <&3; read -r b <&4; echo "$b$a" >&3; read -r _ <&3', {
      channels: 2,
    });
    channel(child, 0).write('one\n');
    channel(child, 1).write('two\n');
    const [answer] = (await once(channel(child, 0), 'data')) as [Buffer];
    expect(answer.toString()).toBe('twoone\n');
  });

  it('keeps the newest twenty lines of standard error', async () => {
    await using child = await shell(
      'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo "line $i" >&2; done; echo done >&3; read -r _ <&3',
      { channels: 1 },
    );
    await once(channel(child), 'data');
    await expect.poll(() => child.lastErrorLines().at(-1)).toBe('line 30');
    expect(child.lastErrorLines()).toHaveLength(20);
    expect(child.lastErrorLines()[0]).toBe('line 11');
  });

  it('says how the process ended by itself', async () => {
    await using child = await shell('exit 7');
    expect(await child.exited).toEqual({ exitCode: 7, signal: null });
  });

  it('kills a process that does not heed SIGTERM', async () => {
    const child = await shell('trap "" TERM; echo ready >&3; while :; do sleep 0.05; done', {
      channels: 1,
      stopDeadlineMs: 50,
    });
    await once(channel(child), 'data');
    expect(await child.stop()).toEqual({ exitCode: null, signal: 'SIGKILL' });
    expect(isAlive(child.pid)).toBe(false);
  });

  it('leaves nothing behind when it is disposed of', async () => {
    {
      await using _child = await shell('read -r _ <&3; sleep 60', { channels: 1 });
    }
    await expectNoChildProcessLeft();
  });
});
