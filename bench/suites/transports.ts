import { makeDevices } from '../client-job.ts';
import { type Party, startParty } from '../party.ts';
import type { Row, Suite, SuiteOptions } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const DEVICES = 200;
/** The same for all three clients; over AMQP the SDK waits 2 s between its requests, which costs time but no CPU. */
const CONCURRENCY = 50;

const transports = [
  ['https', 'node:https', 'bare-client.ts'],
  ['mqtt', 'mqtt-packet', 'bare-mqtt-client.ts'],
  ['mqtt-ws', 'mqtt-packet and ws', 'bare-mqtt-client.ts'],
  ['amqp', 'rhea', 'bare-amqp-client.ts'],
  ['amqp-ws', 'rhea and ws', 'bare-amqp-client.ts'],
] as const;
type Transport = (typeof transports)[number];

const names = ['bare', 'native', 'sdk'] as const;
type Name = (typeof names)[number];
type Series = Record<Name, number[]>;

/**
 * CPU per registration by symmetric key over each transport: our client and the official SDK beside a bare loop on the
 * same library that sends the same two requests, and the emulator that serves them.
 */
export const transportsSuite: Suite = async (options) => {
  const rows: Row[] = [];
  for (const transport of transports) rows.push(...(await measure(transport, options)));
  return rows;
};

async function measure([transport, library, script]: Transport, options: SuiteOptions): Promise<Row[]> {
  const { rounds, log } = options;
  await using emulator = startParty(new URL('../parties/emulator.ts', import.meta.url));
  await using bare = startParty(new URL(`../parties/${script}`, import.meta.url));
  await using native = startParty(new URL('../parties/device-client.ts', import.meta.url));
  await using sdk = startParty(new URL('../parties/device-client.ts', import.meta.url));
  const { value: at } = await emulator.call<object>('listen', { idScope: ID_SCOPE });
  const clients: Record<Name, readonly [Party, string]> = {
    bare: [bare, 'run'],
    native: [native, 'native'],
    sdk: [sdk, 'azure-sdk'],
  };
  const cpu: Series = { bare: [], native: [], sdk: [] };
  const rate: Series = { bare: [], native: [], sdk: [] };
  const served: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const devices = makeDevices(DEVICES, ID_SCOPE);
      await emulator.call('enroll', devices);
      await emulator.call('begin');
      const job = { ...at, hostName: HOST, idScope: ID_SCOPE, concurrency: CONCURRENCY, devices, transport };
      const [party, call] = clients[name];
      const { cpuMs, wallMs } = await party.call(call, job);
      const { value: servedMs } = await emulator.call<number>('end');
      if (round === 0) continue; // warm-up
      cpu[name].push(cpuMs / DEVICES);
      rate[name].push((DEVICES * 1000) / wallMs);
      if (name === 'native') served.push(servedMs / DEVICES);
    }
    const seen = names.map((name) => `${name} ${cpu[name].at(-1)?.toFixed(2) ?? 'warm'}`);
    log(`${transport}, round ${round}: ${seen.join(', ')} ms CPU`);
  }
  return rowsOf(transport, library, { cpu, rate, served });
}

function rowsOf(
  transport: string,
  library: string,
  { cpu, rate, served }: { readonly cpu: Series; readonly rate: Series; readonly served: readonly number[] },
): Row[] {
  const figure = (name: Name): string =>
    `${median(cpu[name]).toFixed(2)} ms CPU, ${median(rate[name]).toFixed(0)}/s`;
  const overBare = medianRatio(cpu.native, cpu.bare);
  const overSdk = medianRatio(cpu.native, cpu.sdk);
  const suite = 'transports';
  return [
    {
      suite,
      what: `native client, ${transport}`,
      figure: figure('native'),
      peer: `bare ${library} loop: ${figure('bare')}`,
      ratio: overBare,
      goal: '<= 1.30',
      met: overBare <= 1.3,
    },
    {
      suite,
      what: `native client, ${transport}`,
      figure: figure('native'),
      peer: `official SDK: ${figure('sdk')}`,
      ratio: overSdk,
      goal: '<= 0.50',
      met: overSdk <= 0.5,
    },
    {
      suite,
      what: `emulator, ${transport}`,
      figure: `${median(served).toFixed(2)} ms CPU`,
      peer: `native client: ${median(cpu.native).toFixed(2)} ms CPU`,
      ratio: medianRatio(served, cpu.native),
    },
  ];
}
