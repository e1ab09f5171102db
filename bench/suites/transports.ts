import { rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeDevices } from '../client-job.ts';
import { type Party, startParty } from '../party.ts';
import type { Row, Suite, SuiteOptions } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';
import { type BareClient, bareClients } from '../transports.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const DEVICES = 200;
/** The same for all clients; over AMQP the SDK waits 2 s between its requests, which costs time but no CPU. */
const CONCURRENCY = 50;
/** Until the optimizing compiler is done with everybody's hot code: its threads count as CPU of the process. */
const WARM_UP_ROUNDS = 6;

const names = ['node', 'floor', 'bare', 'native', 'sdk'] as const;
type Name = (typeof names)[number];
type Series = Record<Name, number[]>;

/**
 * CPU per registration by symmetric key over each transport: our client and the official SDK, beside a bare loop on the
 * same library that sends the same two requests, and beside the floor: our TLS connection without a word on it, and Node's.
 */
export const transportsSuite: Suite = async (options) => {
  const rows: Row[] = [];
  for (const client of bareClients) rows.push(...(await measure(client, options)));
  return rows;
};

const party = (script: string, environment?: Readonly<Record<string, string>>): Party =>
  startParty(new URL(`../parties/${script}`, import.meta.url), environment);

async function measure({ transport, library, script }: BareClient, options: SuiteOptions): Promise<Row[]> {
  const { rounds, log } = options;
  await using emulator = party('emulator.ts');
  const { value: at } = await emulator.call<{ caPem: string }>('listen', { idScope: ID_SCOPE });
  const { caPem, ...ports } = at;
  await using root = await certificateFile(caPem);
  await using node = party('bare-tls-client.ts');
  await using floor = party('bare-tls-client.ts');
  await using bare = party(script);
  await using native = party('device-client.ts');
  // Trusted as a public root is: the SDK would parse a CA of its options again for each connection.
  await using sdk = party('device-client.ts', { NODE_EXTRA_CA_CERTS: root.path });
  const clients: Record<Name, readonly [Party, string, object]> = {
    node: [node, 'node', at],
    floor: [floor, 'own', at],
    bare: [bare, 'run', at],
    native: [native, 'native', at],
    sdk: [sdk, 'azure-sdk', ports],
  };
  const cpu: Series = { node: [], floor: [], bare: [], native: [], sdk: [] };
  const rate: Series = { node: [], floor: [], bare: [], native: [], sdk: [] };
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
    for (const name of names) {
      const devices = makeDevices(DEVICES, ID_SCOPE);
      await emulator.call('enroll', devices);
      const [client, call, server] = clients[name];
      const job = { hostName: HOST, idScope: ID_SCOPE, concurrency: CONCURRENCY, devices, transport };
      // The floor is that of TLS, so that a WebSocket counts as what its transport costs.
      const tls = name === 'node' || name === 'floor' ? { transport: 'mqtt' } : {};
      const { cpuMs, wallMs } = await client.call(call, { ...server, ...job, ...tls });
      if (round < 1) continue; // warm-up
      cpu[name].push(cpuMs / DEVICES);
      rate[name].push((DEVICES * 1000) / wallMs);
    }
    const seen = names.map((name) => `${name} ${cpu[name].at(-1)?.toFixed(2) ?? 'warm'}`);
    log(`${transport}, round ${round}: ${seen.join(', ')} ms CPU`);
  }
  return rowsOf(transport, library, cpu, rate);
}

async function certificateFile(pem: string): Promise<AsyncDisposable & { readonly path: string }> {
  const file = path.join(os.tmpdir(), `dps-rig-bench-${process.pid}.pem`);
  await writeFile(file, pem);
  return { path: file, [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

function rowsOf(transport: string, library: string, cpu: Series, rate: Series): Row[] {
  const figure = (name: Name): string =>
    `${median(cpu[name]).toFixed(2)} ms CPU, ${median(rate[name]).toFixed(0)}/s`;
  const above = (name: Name): number[] => cpu[name].map((ms, round) => ms - (cpu.floor[round] ?? Number.NaN));
  const aboveFloor = (name: Name): string => `${median(above(name)).toFixed(2)} ms CPU`;
  const overBare = medianRatio(cpu.native, cpu.bare);
  const overSdk = medianRatio(cpu.native, cpu.sdk);
  const what = `native client, ${transport}`;
  const suite = 'transports';
  return [
    {
      suite,
      what: `floor under ${transport}: our TLS connection and nothing more`,
      figure: figure('floor'),
      peer: `bare tls.connect and close: ${figure('node')}`,
      ratio: medianRatio(cpu.floor, cpu.node),
    },
    {
      suite,
      what: `floor under ${transport}`,
      figure: figure('floor'),
      peer: `official SDK: ${figure('sdk')}`,
      ratio: medianRatio(cpu.floor, cpu.sdk),
    },
    {
      suite,
      what,
      figure: figure('native'),
      peer: `bare ${library} loop: ${figure('bare')}`,
      ratio: overBare,
      goal: '<= 1.25',
      met: overBare <= 1.25,
    },
    {
      suite,
      what,
      figure: figure('native'),
      peer: `official SDK: ${figure('sdk')}`,
      ratio: overSdk,
      goal: '<= 0.50',
      met: overSdk <= 0.5,
    },
    {
      suite,
      what: `${what}, above the floor`,
      figure: aboveFloor('native'),
      peer: `official SDK, above the floor: ${aboveFloor('sdk')}`,
      ratio: medianRatio(above('native'), above('sdk')),
    },
  ];
}
