import { makeDevices } from '../client-job.ts';
import { type Party, startParty } from '../party.ts';
import type { Suite } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const DEVICES = 200;
const CONCURRENCY = 8;

const names = ['bare', 'native', 'sdk'] as const;
type Name = (typeof names)[number];

/**
 * CPU per AMQP registration by symmetric key: our client and the official SDK beside a bare rhea loop that sends the
 * same two messages, and the emulator that serves them all. With a Retry-After of 0 the SDK waits 2 s, which costs no CPU.
 */
export const amqpSuite: Suite = async ({ rounds, log }) => {
  await using emulator = startParty(new URL('../parties/emulator.ts', import.meta.url));
  await using bare = startParty(new URL('../parties/bare-amqp-client.ts', import.meta.url));
  await using device = startParty(new URL('../parties/device-client.ts', import.meta.url));
  const { value: at } = await emulator.call<{ port: number; amqpPort: number; caPem: string }>('listen', {
    idScope: ID_SCOPE,
  });
  const clients: Record<Name, readonly [Party, string]> = {
    bare: [bare, 'run'],
    native: [device, 'native'],
    sdk: [device, 'azure-sdk'],
  };
  const cpu: Record<Name, number[]> = { bare: [], native: [], sdk: [] };
  const rate: Record<Name, number[]> = { bare: [], native: [], sdk: [] };
  const served: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const devices = makeDevices(DEVICES, ID_SCOPE);
      await emulator.call('enroll', devices);
      await emulator.call('begin');
      const concurrency = name === 'sdk' ? DEVICES : CONCURRENCY; // it mostly waits
      const job = { ...at, hostName: HOST, idScope: ID_SCOPE, concurrency, devices, transport: 'amqp' };
      const [party, call] = clients[name];
      const { cpuMs, wallMs } = await party.call(call, job);
      const { value: servedMs } = await emulator.call<number>('end');
      if (round === 0) continue; // warm-up
      cpu[name].push(cpuMs / DEVICES);
      rate[name].push((DEVICES * 1000) / wallMs);
      if (name === 'native') served.push(servedMs / DEVICES);
    }
    if (round > 0)
      log(
        `round ${round}: ${names.map((name) => `${name} ${cpu[name].at(-1)?.toFixed(2)}`).join(', ')} ms CPU`,
      );
  }
  const figure = (name: Name): string =>
    `${median(cpu[name]).toFixed(2)} ms CPU, ${median(rate[name]).toFixed(0)}/s`;
  const overBare = medianRatio(cpu.native, cpu.bare);
  const overSdk = medianRatio(cpu.native, cpu.sdk);
  return [
    {
      suite: 'amqp',
      what: 'native client, AMQP registration by symmetric key',
      figure: figure('native'),
      peer: `bare rhea loop: ${figure('bare')}`,
      ratio: overBare,
      goal: '<= 1.30',
      met: overBare <= 1.3,
    },
    {
      suite: 'amqp',
      what: 'native client, the same',
      figure: figure('native'),
      peer: `official SDK: ${median(cpu.sdk).toFixed(2)} ms CPU`,
      ratio: overSdk,
      goal: '<= 0.50',
      met: overSdk <= 0.5,
    },
    {
      suite: 'amqp',
      what: 'emulator, AMQP registration by symmetric key',
      figure: `${median(served).toFixed(2)} ms CPU`,
      peer: `native client: ${median(cpu.native).toFixed(2)} ms CPU`,
      ratio: medianRatio(served, cpu.native),
    },
  ];
};
