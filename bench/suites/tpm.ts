import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { activateIdentityKey, signWithIdentityKey } from '../../simulators/tpm/attestation.ts';
import { makeActivationBlob } from '../../simulators/tpm/credential.ts';
import { ensureTpms } from '../../simulators/tpm/manufacture.ts';
import { createTpmClient } from '../../simulators/tpm/tpm-client.ts';
import { openTpmHost, type TpmMode } from '../../simulators/tpm/tpm-host.ts';
import type { ManufacturedTpm, TpmTransport } from '../../simulators/tpm/transport.ts';
import { openSwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';
import { inParallel } from '../in-parallel.ts';
import type { Row, Suite } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const ATTESTATIONS = 60;
const SWAPS = 100;
const LIVE = 1_000;
const POOLED = 10_000;
const { signal } = new AbortController();
const input = new TextEncoder().encode('0ne00000001%2Fregistrations%2Fdev-1\n1900000000');

/** Software TPMs: speed beside the raw command loop on the same swtpm, the cost of a swap, memory of many. */
export const tpmSuite: Suite = async ({ rounds, log }) => {
  log('manufacturing what is not cached');
  const tpms = await ensureTpms({ count: 8, signal });
  const [tpm] = tpms;
  if (tpm === undefined) throw new Error('no TPM');
  return [
    ...(await attestationRows(tpm, rounds, log)),
    await swapRow(tpm, rounds),
    await memoryRow('dedicated', LIVE, tpms, log),
    await memoryRow('pooled', POOLED, tpms, log),
  ];
};

/** Our client and the same commands as fixed bytes take turns on one live swtpm. */
async function attestationRows(
  tpm: ManufacturedTpm,
  rounds: number,
  log: (line: string) => void,
): Promise<Row[]> {
  await using swtpm = await openSwtpmProcess({ state: await readFile(tpm.stateFile) });
  const blob = makeBlob(tpm);
  const commands = await recordCommands(swtpm, blob);
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const rawMs = await wallMs(async () => {
      for (let n = 0; n < ATTESTATIONS; n += 1) for (const command of commands) await swtpm.send(command);
    });
    const oursMs = await wallMs(async () => {
      for (let n = 0; n < ATTESTATIONS; n += 1) await attest(swtpm, blob);
    });
    if (round === 0) continue; // warm-up
    raw.push((ATTESTATIONS * 1000) / rawMs);
    ours.push((ATTESTATIONS * 1000) / oursMs);
    log(`round ${round}: ${ours.at(-1)?.toFixed(0)} attestations/s, raw ${raw.at(-1)?.toFixed(0)}/s`);
  }
  const ratio = medianRatio(ours, raw);
  return [
    {
      suite: 'tpm',
      what: 'attestation on a live swtpm: activate a credential, sign',
      figure: `${median(ours).toFixed(0)}/s`,
      peer: `the same commands as fixed bytes: ${median(raw).toFixed(0)}/s`,
      ratio,
      goal: '>= 0.85',
      met: ratio >= 0.85,
    },
  ];
}

/** Power off, another state in, power on, TPM2_Startup: ready for a command. */
async function swapRow(tpm: ManufacturedTpm, rounds: number): Promise<Row> {
  const state = await readFile(tpm.stateFile);
  await using swtpm = await openSwtpmProcess({ state });
  const each: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const ms = await wallMs(async () => {
      for (let n = 0; n < SWAPS; n += 1) await swtpm.powerOn(state);
    });
    if (round > 0) each.push(ms / SWAPS);
  }
  const figure = median(each);
  return {
    suite: 'tpm',
    what: 'swap-in of a TPM in a pooled swtpm',
    figure: `${figure.toFixed(2)} ms`,
    goal: '<= 0.6 ms',
    met: figure <= 0.6,
  };
}

/** Opens many TPMs at once, attests each, and adds up what the swtpm processes and this process have grown by. */
async function memoryRow(
  mode: TpmMode,
  count: number,
  tpms: readonly ManufacturedTpm[],
  log: (line: string) => void,
): Promise<Row> {
  const workDirectory = await mkdtemp(join(tmpdir(), 'dps-rig-bench-'));
  try {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    await using host = await openTpmHost({ mode, workDirectory });
    await using open = new AsyncDisposableStack();
    const began = performance.now();
    const numbers = Array.from({ length: count }, (_, number) => number);
    await inParallel(numbers, availableParallelism(), async (number) => {
      const manufactured = tpms[number % tpms.length];
      if (manufactured === undefined) throw new Error('no TPM');
      const { stateFile } = manufactured;
      const hosted = open.use(await host.open({ tpmId: `bench-${number}`, stateFile }, signal));
      const blob = makeBlob(manufactured);
      await hosted.use((transport) => attest(transport, blob), signal);
    });
    const seconds = (performance.now() - began) / 1000;
    const swtpmMiB = swtpmMemoryMiB();
    const nodeMiB = (process.memoryUsage().rss - before) / 2 ** 20;
    const total = swtpmMiB + Math.max(0, nodeMiB);
    log(
      `${count} ${mode}: ${total.toFixed(0)} MiB, ${(count / seconds).toFixed(0)} opened and attested a second`,
    );
    const limit = mode === 'dedicated' ? 1.2 * 1024 : 400;
    return {
      suite: 'tpm',
      what: `${count.toLocaleString('en')} TPMs open, ${mode}, each attested once`,
      figure: `${total.toFixed(0)} MiB (swtpm ${swtpmMiB.toFixed(0)}, Node ${nodeMiB.toFixed(0)}), ${(count / seconds).toFixed(0)}/s`,
      goal: `<= ${limit.toFixed(0)} MiB`,
      met: total <= limit,
    };
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

const attest = async (transport: TpmTransport, blob: Uint8Array): Promise<Uint8Array> => {
  const client = createTpmClient(transport);
  await activateIdentityKey(client, blob);
  return signWithIdentityKey(client, input);
};

const makeBlob = ({ endorsementKey, storageRootKey }: ManufacturedTpm): Uint8Array =>
  makeActivationBlob({ endorsementKey, storageRootKey, hmacKey: randomBytes(32), data: input });

/** The commands of one attestation as they went over the wire: they may be sent again as they are. */
async function recordCommands(transport: TpmTransport, blob: Uint8Array): Promise<readonly Uint8Array[]> {
  await attest(transport, blob); // the identity key exists from here on, as it does in every later round
  const commands: Uint8Array[] = [];
  const recording: TpmTransport = {
    send: (command, stop) => {
      commands.push(command.slice());
      return transport.send(command, stop);
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await attest(recording, blob);
  return commands;
}

async function wallMs(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Proportional set size of all swtpm processes that this process started. */
function swtpmMemoryMiB(): number {
  const children = execFileSync('pgrep', ['-P', String(process.pid), 'swtpm'], { encoding: 'utf8' });
  const pids = children.split('\n').filter((pid) => pid !== '');
  const kiB = pids.map((pid) => {
    const rollup = execFileSync('cat', [`/proc/${pid}/smaps_rollup`], { encoding: 'utf8' });
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  });
  return kiB.reduce((sum, value) => sum + value, 0) / 1024;
}
