import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../kernel/bytes.ts';
import { openScratchDirectory } from '../processes/scratch-directory.ts';
import { childProcesses, expectNoChildProcessLeft } from '../processes/testing/child-processes.ts';
import { waitFor } from '../processes/wait-for.ts';
import { activateIdentityKey, signWithIdentityKey } from './attestation.ts';
import { makeActivationBlob } from './credential.ts';
import { withLatency } from './decorators/latency.ts';
import { makeTestTpms } from './testing/test-tpms.ts';
import { persistIdentityKey, readPublic, sign } from './testing/tpm-flows.ts';
import { createTpmClient } from './tpm-client.ts';
import { openTpmHost, type TpmMode } from './tpm-host.ts';

const never = new AbortController().signal;
const modes: readonly TpmMode[] = ['dedicated', 'pooled'];

describe.each(modes)('a %s host', (mode) => {
  it('shows every TPM its own EK and keeps its identity key from one opening to the next', async () => {
    await using test = await makeTestTpms(4);
    const { tpms, workDirectory } = test;
    await using host = await openTpmHost({ mode, workDirectory, poolSize: 2 });
    const signatures = await Promise.all(
      tpms.map(async (tpm) => {
        await using hosted = await host.open(tpm, never);
        expect(await hosted.use((t) => readPublic(t, 0x81010001), never)).toEqual(tpm.endorsementKey);
        await hosted.use(persistIdentityKey, never);
        return await hosted.use(sign, never);
      }),
    );
    expect(new Set(signatures.map(toHex)).size).toBe(4);
    for (const [index, tpm] of tpms.entries()) {
      await using hosted = await host.open(tpm, never);
      expect(await hosted.use(sign, never)).toEqual(signatures[index]);
    }
  });

  it('attests: takes over the key that a service wrapped for its TPM, and signs with it', async () => {
    await using test = await makeTestTpms(2);
    await using host = await openTpmHost({ mode, workDirectory: test.workDirectory, poolSize: 1 });
    const data = utf8('0ne00000000%2Fregistrations%2Fdevice\n1795392000');
    for (const tpm of test.tpms) {
      await using hosted = await host.open(tpm, never);
      const hmacKey = randomBytes(32);
      const challenge = makeActivationBlob({ ...tpm, hmacKey, data: utf8('https://dps.example') });
      await hosted.use((t) => activateIdentityKey(createTpmClient(t), challenge, never), never);
      const signature = await hosted.use((t) => signWithIdentityKey(createTpmClient(t), data, never), never);
      expect(toHex(signature)).toBe(createHmac('sha256', hmacKey).update(data).digest('hex'));
    }
  });

  it('never writes to the manufactured state, and keeps no file for a TPM that did not change', async () => {
    await using test = await makeTestTpms(2);
    const [changed, unchanged] = test.tpms;
    if (changed === undefined || unchanged === undefined) throw new Error('no TPMs');
    const before = await readFile(changed.stateFile);
    await using host = await openTpmHost({ mode, workDirectory: test.workDirectory, poolSize: 1 });
    {
      await using hosted = await host.open(changed, never);
      await hosted.use(persistIdentityKey, never);
      await using other = await host.open(unchanged, never);
      await other.use((t) => readPublic(t, 0x81010001), never);
    }
    expect(await readFile(changed.stateFile)).toEqual(before);
    expect(await readdir(test.workDirectory)).toEqual([`${changed.tpmId}.state`]);
  });

  it('takes overlapping commands and flows, one at a time', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    await using host = await openTpmHost({ mode, workDirectory: test.workDirectory, poolSize: 2 });
    await using hosted = await host.open(tpm, never);
    await hosted.use(persistIdentityKey, never);
    const signatures = await Promise.all([
      hosted.use((t) => Promise.all([sign(t), sign(t), sign(t)]), never),
      hosted.use((t) => Promise.all([sign(t), sign(t), sign(t)]), never),
    ]);
    expect(new Set(signatures.flat().map(toHex)).size).toBe(1);
  });

  it('refuses to open a TPM twice, and one that has no state', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    await using host = await openTpmHost({ mode, workDirectory: test.workDirectory, poolSize: 1 });
    await using _hosted = await host.open(tpm, never);
    await expect(host.open(tpm, never)).rejects.toMatchObject({ code: 'INVARIANT' });
    await expect(host.open({ tpmId: 'lost', stateFile: '/nowhere' }, never)).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      component: 'tpm',
    });
  });

  it('stays switched off until it is switched on again', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    await using host = await openTpmHost({ mode, workDirectory: test.workDirectory, poolSize: 1 });
    await using hosted = await host.open(tpm, never);
    await hosted.use(async (t) => t.power?.('off'), never);
    await expect(hosted.use(sign, never)).rejects.toMatchObject({ code: 'TPM_POWERED_OFF' });
    await hosted.use(async (t) => {
      await t.power?.('cycle');
      await t.send(fromHex('8001 0000000c 00000144 0000'));
    }, never);
    expect(await hosted.use((t) => readPublic(t, 0x81010001), never)).toEqual(tpm.endorsementKey);
  });

  it('puts the given decorators around every TPM', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    const sleeps: number[] = [];
    const clock = {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleepMs: (durationMs: number) => {
        sleeps.push(durationMs);
        return Promise.resolve();
      },
    };
    const random = { next: () => 0.5, integer: () => 0, bytes: () => new Uint8Array(0) };
    const host = await openTpmHost({
      mode,
      workDirectory: test.workDirectory,
      poolSize: 1,
      decorate: (transport) => withLatency(transport, { chip: 'infineon-slb9670', random, clock }),
    });
    await using _host = host;
    await using hosted = await host.open(tpm, never);
    await hosted.use((t) => readPublic(t, 0x81010001), never);
    expect(sleeps).toEqual([20]);
  });

  it('leaves neither process nor file in memory behind, closed TPMs or not', async () => {
    await using test = await makeTestTpms(2);
    const before = await readdir('/dev/shm');
    const processesBefore = childProcesses().length;
    const host = await openTpmHost({ mode, workDirectory: test.workDirectory, poolSize: 2 });
    for (const tpm of test.tpms) await host.open(tpm, never);
    expect(childProcesses().length).toBeGreaterThan(processesBefore);
    await host[Symbol.asyncDispose]();
    expect(childProcesses()).toHaveLength(processesBefore);
    expect((await readdir('/dev/shm')).filter((name) => name.includes(`-${process.pid}-`))).toEqual(
      before.filter((name) => name.includes(`-${process.pid}-`)),
    );
    await test[Symbol.asyncDispose]();
    await expectNoChildProcessLeft();
  });
});

describe('a TPM', () => {
  it('moves between the modes with its keys', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    const { workDirectory } = test;
    const signatures: Uint8Array[] = [];
    for (const mode of ['pooled', 'dedicated', 'pooled'] as const) {
      await using host = await openTpmHost({ mode, workDirectory, poolSize: 1 });
      await using hosted = await host.open(tpm, never);
      if (signatures.length === 0) await hosted.use(persistIdentityKey, never);
      signatures.push(await hosted.use(sign, never));
    }
    expect(signatures[1]).toEqual(signatures[0]);
    expect(signatures[2]).toEqual(signatures[0]);
  });

  it('is reported by code when its own process is killed, and opens again with what it had acknowledged', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    await using host = await openTpmHost({ mode: 'dedicated', workDirectory: test.workDirectory });
    let signature: Uint8Array;
    {
      await using hosted = await host.open(tpm, never);
      await hosted.use(persistIdentityKey, never);
      signature = await hosted.use(sign, never);
      const swtpm = childProcesses().find((line) => line.includes(`/${tpm.tpmId},`));
      process.kill(Number.parseInt(swtpm ?? '', 10), 'SIGKILL');
      await expect(hosted.use(sign, never)).rejects.toMatchObject({
        phase: 'tpm',
        code: 'TPM_PROCESS_EXITED',
      });
    }
    await using reopened = await host.open(tpm, never);
    expect(await reopened.use(sign, never)).toEqual(signature);
  });
});

describe('a host whose process is killed', () => {
  it('leaves no swtpm and no state in memory behind', async () => {
    await using scratch = await openScratchDirectory({ name: 'test-kill' });
    const program = join(import.meta.dirname, 'testing', 'hold-tpms.ts');
    const parent = spawn(process.execPath, [program, scratch.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(parent, 'exit');
    await once(parent.stdout, 'data');
    const mark = `-${parent.pid}-`;
    const isOurs = (text: string): boolean => text.includes(mark);
    const swtpms = async (): Promise<string[]> => (await commandLines()).filter(isOurs);
    const files = async (): Promise<string[]> => (await readdir('/dev/shm')).filter(isOurs);
    // Two dedicated, two pooled, and a guard for the directory of each of the two hosts.
    expect(await swtpms()).toHaveLength(6);
    expect(await files()).toHaveLength(2);
    parent.kill('SIGKILL');
    await exited;
    await waitFor(async () => (await swtpms()).length === 0, {
      what: 'the end of the orphans',
      deadlineMs: 3_000,
    });
    expect(await files()).toEqual([]);
  });
});

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}
