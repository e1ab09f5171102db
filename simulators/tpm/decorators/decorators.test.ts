import { describe, expect, it } from 'vitest';
import { fromHex } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { persistIdentityKey, readPublic, sign } from '../testing/tpm-flows.ts';
import type { TpmTransport } from '../transport.ts';
import { openSwtpmProcess } from '../transports/swtpm-process.ts';
import { responseCodeOf } from '../transports/tpm-framing.ts';
import { type ChipName, chips } from './chips.ts';
import { withFaults } from './faults.ts';
import { withLatency } from './latency.ts';
import { withQueue } from './queue.ts';
import { type RecordedCommand, withRecorder } from './recorder.ts';
import { withRetry } from './retry.ts';
import { withTimeout } from './timeout.ts';

const getRandom = fromHex('8001 0000000c 0000017b 0014');
/** CreatePrimary of an RSA key that the TPM refuses, since it ends after the key's type: the latency is the same. */
const createRsaKey = fromHex(`8002 00000028 00000131 40000001 00000009 40000009 0000 00 0000 0004 0000 0000
  001a 0001 000b 00`);

/** A clock on which only sleeping takes time. */
function createTestClock(): Clock & { readonly sleepsMs: number[] } {
  let nowMs = 1_000;
  const sleepsMs: number[] = [];
  return {
    sleepsMs,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleepMs: (durationMs) => {
      nowMs += durationMs;
      sleepsMs.push(durationMs);
      return Promise.resolve();
    },
  };
}

const decorators: readonly [string, (inner: TpmTransport) => TpmTransport][] = [
  ['queue', withQueue],
  ['timeout', (inner) => withTimeout(inner, 10_000)],
  [
    'retry',
    (inner) => withRetry(inner, { attempts: 3, pauseMs: 1, maxPauseMs: 1, clock: createTestClock() }),
  ],
  [
    'latency',
    (inner) =>
      withLatency(inner, { chip: 'nuvoton-npct750', random: seededRandom(1), clock: createTestClock() }),
  ],
  ['recorder', (inner) => withRecorder(inner, createTestClock(), () => undefined)],
  ['faults', (inner) => withFaults(inner, () => undefined)],
];

describe.each(decorators)('the %s decorator', (_name, decorate) => {
  it('passes commands, power and locality through', async () => {
    await using swtpm = await openSwtpmProcess();
    const tpm = decorate(swtpm);
    expect(responseCodeOf(await tpm.send(getRandom))).toBe(0);
    await tpm.setLocality?.(3);
    await tpm.power?.('off');
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ code: 'TPM_POWERED_OFF' });
    await tpm.power?.('cycle');
    expect(responseCodeOf(await tpm.send(getRandom))).toBe(0x100);
    await tpm.close();
    await swtpm.exited;
  });

  it('does not offer power or locality where there is none', async () => {
    await using swtpm = await openSwtpmProcess();
    const tpm = decorate({
      send: (command, signal) => swtpm.send(command, signal),
      close: () => swtpm.close(),
      [Symbol.asyncDispose]: () => swtpm.close(),
    });
    expect(tpm.power).toBeUndefined();
    expect(tpm.setLocality).toBeUndefined();
  });
});

describe('withQueue', () => {
  it('gives every one of many overlapping callers its own answer', async () => {
    await using swtpm = await openSwtpmProcess();
    const tpm = withQueue(swtpm);
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8];
    const answers = await Promise.all(
      lengths.map((length) => tpm.send(fromHex(`8001 0000000c 0000017b 000${length}`))),
    );
    expect(answers.map((answer) => answer.length)).toEqual(lengths.map((length) => 12 + length));
    // What the queue is for: without it overlapping commands are a mistake.
    await expect(Promise.all([swtpm.send(getRandom), swtpm.send(getRandom)])).rejects.toMatchObject({
      code: 'INVARIANT',
    });
  });
});

describe('withTimeout', () => {
  it('lets the caller go on, and the next command gets its own answer', async () => {
    await using swtpm = await openSwtpmProcess();
    const tpm = withTimeout(swtpm, 100);
    process.kill(swtpm.pid, 'SIGSTOP');
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ phase: 'timeout', code: 'TPM_TIMEOUT' });
    process.kill(swtpm.pid, 'SIGCONT');
    expect(await tpm.send(fromHex('8001 0000000c 0000017b 0005'))).toHaveLength(17);
  });

  it('tells an abort by the caller from time that is up', async () => {
    await using swtpm = await openSwtpmProcess();
    const controller = new AbortController();
    process.kill(swtpm.pid, 'SIGSTOP');
    const answer = withTimeout(swtpm, 10_000).send(getRandom, controller.signal);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ phase: 'aborted' });
    process.kill(swtpm.pid, 'SIGCONT');
  });
});

describe('withRetry', () => {
  const busy = { kind: 'response-code', responseCode: 0x922 } as const;
  const options = { attempts: 4, pauseMs: 10, maxPauseMs: 25 };

  it('sends a command again while the TPM is busy, with growing pauses', async () => {
    await using swtpm = await openSwtpmProcess();
    const clock = createTestClock();
    const tpm = withRetry(
      withFaults(swtpm, (_code, ordinal) => (ordinal < 3 ? busy : undefined)),
      { ...options, clock },
    );
    expect(responseCodeOf(await tpm.send(getRandom))).toBe(0);
    expect(clock.sleepsMs).toEqual([10, 20, 25]);
  });

  it('gives up after its attempts with the answer that it got', async () => {
    await using swtpm = await openSwtpmProcess();
    const clock = createTestClock();
    const tpm = withRetry(
      withFaults(swtpm, () => busy),
      { ...options, clock },
    );
    expect(responseCodeOf(await tpm.send(getRandom))).toBe(0x922);
    expect(clock.sleepsMs).toHaveLength(3);
  });

  it('does not repeat a command that failed for good', async () => {
    await using swtpm = await openSwtpmProcess();
    const clock = createTestClock();
    const tpm = withRetry(
      withFaults(swtpm, () => ({ kind: 'response-code', responseCode: 0x921 })),
      { ...options, clock },
    );
    expect(responseCodeOf(await tpm.send(getRandom))).toBe(0x921);
    expect(clock.sleepsMs).toEqual([]);
  });
});

describe('withLatency', () => {
  const run = async (chip: ChipName, seed: number, commands: readonly Uint8Array[]): Promise<number[]> => {
    await using swtpm = await openSwtpmProcess();
    const clock = createTestClock();
    const tpm = withLatency(swtpm, { chip, random: seededRandom(seed, 'latency'), clock });
    for (const command of commands) await tpm.send(command);
    return clock.sleepsMs;
  };

  it('takes the time of the chip for RSA, and the assumed range for small commands', async () => {
    // An ActivateCredential that the TPM refuses costs the same here: the class of a command is in its code.
    const activate = fromHex('8001 0000000a 00000147');
    const [activateMs, randomMs] = await run('infineon-slb9670', 7, [activate, getRandom]);
    expect(activateMs).toBeGreaterThanOrEqual(0.9 * chips['infineon-slb9670'].rsaOaepMs);
    expect(activateMs).toBeLessThanOrEqual(1.1 * chips['infineon-slb9670'].rsaOaepMs);
    expect(randomMs).toBeGreaterThanOrEqual(10);
    expect(randomMs).toBeLessThanOrEqual(30);
  });

  it('draws key generation widely around the mean of the chip', async () => {
    const commands = Array.from({ length: 200 }, () => createRsaKey);
    const keygens = await run('infineon-slb9670', 3, commands);
    const mean = keygens.reduce((sum, ms) => sum + ms, 0) / keygens.length;
    expect(mean).toBeGreaterThan(0.8 * chips['infineon-slb9670'].rsaKeygenMs);
    expect(mean).toBeLessThan(1.2 * chips['infineon-slb9670'].rsaKeygenMs);
    expect(Math.max(...keygens) / Math.min(...keygens)).toBeGreaterThan(4);
  });

  it('takes the same times for the same seed', async () => {
    const commands = [getRandom, getRandom, getRandom];
    expect(await run('st-st33ktpm2x', 5, commands)).toEqual(await run('st-st33ktpm2x', 5, commands));
    expect(await run('st-st33ktpm2x', 5, commands)).not.toEqual(await run('st-st33ktpm2x', 6, commands));
  });
});

describe('withRecorder', () => {
  it('writes down codes and times of commands, answered or not, and none of their bytes', async () => {
    await using swtpm = await openSwtpmProcess();
    const clock = createTestClock();
    const recorded: RecordedCommand[] = [];
    const slow = withLatency(swtpm, { chip: 'nations-ns350', random: seededRandom(1), clock });
    const tpm = withRecorder(slow, clock, (command) => recorded.push(command));
    await tpm.send(getRandom);
    await tpm.send(fromHex('8001 0000000a 00000fff'));
    await swtpm.power('off');
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ code: 'TPM_POWERED_OFF' });
    expect(recorded.map(({ command, result }) => [command, result])).toEqual([
      ['TPM2_GetRandom', 'TPM_RC_SUCCESS'],
      ['TPM2_CC_0xfff', 'TPM_RC_COMMAND_CODE'],
      ['TPM2_GetRandom', 'TPM_POWERED_OFF'],
    ]);
    expect(recorded[0]?.atMs).toBe(1_000);
    expect(recorded[0]?.durationMs).toBe(clock.sleepsMs[0]);
  });
});

describe('withFaults', () => {
  it('loses the answer but not what the command did', async () => {
    await using swtpm = await openSwtpmProcess();
    const tpm = withFaults(swtpm, (commandCode) =>
      commandCode === 0x120 ? { kind: 'lost-response' } : undefined,
    );
    await expect(persistIdentityKey(tpm)).rejects.toMatchObject({ code: 'TPM_CLOSED' });
    expect(await readPublic(swtpm, 0x81000100)).toHaveLength(50);
  });

  it('loses the power, and with it what was not persistent', async () => {
    await using swtpm = await openSwtpmProcess();
    await persistIdentityKey(swtpm);
    const tpm = withFaults(swtpm, (_code, ordinal) => (ordinal === 0 ? { kind: 'power-loss' } : undefined));
    await expect(sign(tpm)).rejects.toMatchObject({ code: 'TPM_CLOSED' });
    // TPM_RC_INITIALIZE: TPM2_Startup is due.
    expect(responseCodeOf(await swtpm.send(getRandom))).toBe(0x100);
  });

  it('cuts an answer short', async () => {
    await using swtpm = await openSwtpmProcess();
    const tpm = withFaults(swtpm, () => ({ kind: 'truncated-response', length: 6 }));
    expect(await tpm.send(getRandom)).toHaveLength(6);
  });
});
