import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../kernel/bytes.ts';
import { systemClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { withFaults } from '../decorators/faults.ts';
import { withLatency } from '../decorators/latency.ts';
import { withQueue } from '../decorators/queue.ts';
import { type RecordedCommand, withRecorder } from '../decorators/recorder.ts';
import { withTimeout } from '../decorators/timeout.ts';
import type { TpmTransport } from '../transport.ts';
import { openSwtpmProcess } from './swtpm-process.ts';

const deadlineMs = 5_000;
const getRandom = fromHex('80010000000c0000017b0014');
/** TPM2_GetCapability of all properties: the longest answer. */
const getProperties = fromHex('8001000000160000017a000000060000010000000100');
const sendSync = (tpm: TpmTransport, command: Uint8Array): Uint8Array =>
  tpm.sendSync?.(command, deadlineMs) ?? expect.unreachable('the transport has no synchronous form');

describe('a synchronous command', () => {
  it('gets the same answer as an asynchronous one, in any order', async () => {
    await using tpm = await openSwtpmProcess();
    for (let round = 0; round < 20; round += 1) {
      const answer = toHex(await tpm.send(getProperties));
      expect(toHex(sendSync(tpm, getProperties))).toBe(answer);
      expect(sendSync(tpm, getRandom)).toHaveLength(32);
    }
  });

  it('is refused while another command is in flight, which goes on', async () => {
    await using tpm = await openSwtpmProcess();
    const inFlight = tpm.send(getRandom);
    expect(() => sendSync(tpm, getRandom)).toThrow(expect.objectContaining({ code: 'TPM_BUSY' }));
    await expect(inFlight).resolves.toHaveLength(32);
    expect(sendSync(tpm, getRandom)).toHaveLength(32);
  });

  it('gives up a TPM that does not answer in time', async () => {
    await using tpm = await openSwtpmProcess();
    process.kill(tpm.pid, 'SIGSTOP');
    expect(() => tpm.sendSync(getRandom, 50)).toThrow(
      expect.objectContaining({ code: 'TPM_TIMEOUT', phase: 'timeout' }),
    );
    process.kill(tpm.pid, 'SIGCONT');
    expect(tpm.usable).toBe(false);
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ code: 'TPM_TIMEOUT' });
  });

  it('says that the process has ended', async () => {
    await using tpm = await openSwtpmProcess();
    process.kill(tpm.pid, 'SIGSTOP');
    process.kill(tpm.pid, 'SIGKILL');
    expect(() => sendSync(tpm, getRandom)).toThrow(expect.objectContaining({ code: 'TPM_PROCESS_EXITED' }));
    await tpm.exited;
    expect(() => sendSync(tpm, getRandom)).toThrow(expect.objectContaining({ code: 'TPM_PROCESS_EXITED' }));
  });

  it('is refused without power', async () => {
    await using tpm = await openSwtpmProcess();
    await tpm.power('off');
    expect(() => sendSync(tpm, getRandom)).toThrow(expect.objectContaining({ code: 'TPM_POWERED_OFF' }));
  });
});

describe('decorators around a synchronous command', () => {
  it('record it, make it slow, and let it through their queue', async () => {
    await using swtpm = await openSwtpmProcess();
    const recorded: RecordedCommand[] = [];
    const slow = withLatency(swtpm, {
      chip: 'nuvoton-npct750',
      random: seededRandom(1),
      clock: systemClock,
    });
    const tpm = withQueue(withRecorder(slow, systemClock, (command) => recorded.push(command)));
    expect(sendSync(tpm, getRandom)).toHaveLength(32);
    expect(recorded).toMatchObject([{ command: 'TPM2_GetRandom', result: 'TPM_RC_SUCCESS' }]);
    // The least that a chip takes for a small command.
    expect(recorded[0]?.durationMs).toBeGreaterThanOrEqual(10);
  });

  it.each<[string, (inner: TpmTransport) => TpmTransport]>([
    ['faults', (inner) => withFaults(inner, () => undefined)],
    ['timeout', (inner) => withTimeout(inner, 1000)],
  ])('take it away where they could not do their work: %s', async (_, decorate) => {
    await using swtpm = await openSwtpmProcess();
    expect(decorate(swtpm).sendSync).toBeUndefined();
  });
});
