import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatSasToken, signSas } from '../../simulators/wire/sas-token.ts';
import { spawnEmulator } from '../support/emulator-process.ts';

const CRASHES = 50;
const SEED = 20_261_123;
/** Bulk creates under way at once. */
const LANES = 4;
const BULK = 10;
const LONGEST_LIFE_MS = 120;

/** mulberry32: the moments are the same in every run, as far as a scheduler lets them. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const serviceKey = Buffer.alloc(32, 7);
const idsOf = (bulk: string): string[] => Array.from({ length: BULK }, (_, index) => `${bulk}-${index}`);

describe('an emulator that is killed', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dps-rig-crash-'));
  });
  let running: ChildProcess | undefined;
  afterAll(async () => {
    running?.kill('SIGKILL'); // where an expectation failed
    await rm(folder, { recursive: true, force: true });
  });

  const start = () =>
    spawnEmulator(
      ...['--no-development-group', '--service-key', serviceKey.toString('base64')],
      ...['--state-dir', join(folder, 'state'), '--data-dir', join(folder, 'data')],
    );

  it(`has after each of ${CRASHES} kills whatever it had acknowledged, and bulks whole or not at all`, async () => {
    const random = seeded(SEED);
    const acknowledged = new Set<string>();
    const sent = new Set<string>();
    for (let crash = 0; crash <= CRASHES; crash += 1) {
      const { child, started } = await start();
      running = child;
      const present = new Set(await enrolledIds(started.managementUrl));
      for (const bulk of sent) {
        const there = idsOf(bulk).filter((id) => present.has(id)).length;
        expect([0, BULK], `items of ${bulk}`).toContain(there);
        if (acknowledged.has(bulk)) expect(there, `acknowledged ${bulk}`).toBe(BULK);
        if (there === 0) sent.delete(bulk); // was never there: nothing more to be seen of it
      }
      expect(present.size).toBe(sent.size * BULK);
      if (crash === CRASHES) {
        child.kill('SIGINT');
        const [code] = (await once(child, 'exit')) as [number | null];
        expect(code).toBe(0);
        break;
      }
      const exited = once(child, 'exit');
      const agent = new https.Agent({ keepAlive: true, maxSockets: LANES });
      const create = async (lane: number): Promise<void> => {
        for (let index = 0; ; index += 1) {
          const bulk = `c${crash}-l${lane}-b${index}`;
          sent.add(bulk);
          if (!(await bulkCreate(bulk, started, agent))) return;
          acknowledged.add(bulk);
        }
      };
      const lanes = Promise.all(Array.from({ length: LANES }, (_, lane) => create(lane)));
      const killer = setTimeout(() => child.kill('SIGKILL'), random() * LONGEST_LIFE_MS);
      await lanes;
      clearTimeout(killer);
      await exited;
      agent.destroy();
    }
    expect(acknowledged.size).toBeGreaterThan(CRASHES);
  }, 300_000);
});

async function enrolledIds(managementUrl: string): Promise<string[]> {
  const response = await fetch(new URL('/enrollments', managementUrl));
  return ((await response.json()) as { id: string }[]).map(({ id }) => id);
}

/** @returns false when the emulator went away before it answered */
async function bulkCreate(
  bulk: string,
  {
    https: at,
    caPem,
  }: { readonly https: { readonly address: string; readonly port: number }; readonly caPem: string },
  agent: https.Agent,
): Promise<boolean> {
  const expirySeconds = Math.floor(Date.now() / 1000) + 600;
  const sr = at.address;
  const signature = signSas(serviceKey, sr, expirySeconds);
  const Authorization = formatSasToken({ sr, signature, expirySeconds, skn: 'provisioningserviceowner' });
  const attestation = { type: 'symmetricKey' };
  const enrollments = idsOf(bulk).map((registrationId) => ({ registrationId, attestation }));
  const request = https.request({
    agent,
    ca: caPem,
    host: at.address,
    port: at.port,
    method: 'POST',
    path: '/enrollments?api-version=2021-10-01',
    headers: { Authorization, 'Content-Type': 'application/json' },
    timeout: 10_000,
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
  try {
    request.end(JSON.stringify({ mode: 'create', enrollments }));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    expect({ status: response.statusCode, text }).toEqual({
      status: 200,
      text: JSON.stringify({ isSuccessful: true, errors: [] }),
    });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code ?? '')) return false;
    throw error;
  }
}
