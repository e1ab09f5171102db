import { createTestPki } from '../../simulators/pki/test-pki.ts';
import { makeDevices } from '../client-job.ts';
import { type Party, startParty } from '../party.ts';
import type { Row, Suite } from '../row.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const CONCURRENCY = 50;
/** Opened and closed before the first look, so that code and pools are there already. */
const WARM_UP = 200;

/** Devices that are connected at once, by transport. */
const fleets = [
  { transport: 'mqtt', devices: 2_000 },
  { transport: 'mqtt-ws', devices: 1_000 },
  { transport: 'amqp', devices: 1_000 },
  { transport: 'amqp-ws', devices: 1_000 },
] as const;

/** KiB for each connection at both ends, from resident memory. */
interface Held {
  readonly serverKiB: number;
  readonly clientKiB: number;
}

/**
 * Memory for each connection of devices that are assigned and stay connected, all at once, at the emulator and at the
 * devices, beside bare TLS connections of Node to a server that only answers. Resident memory after a collection.
 */
export const connectionsSuite: Suite = async ({ log }) => {
  const rows: Row[] = [];
  for (const { transport, devices } of fleets) {
    const bare = await holdBare(devices);
    const own = await holdDevices(transport, devices);
    log(`${transport}: ${own.serverKiB.toFixed(0)} and ${own.clientKiB.toFixed(0)} KiB`);
    const shared = { suite: 'connections', what: `${devices.toLocaleString('en')} at once, ${transport}` };
    for (const end of ['server', 'client'] as const) {
      const [ours, theirs] = [own[`${end}KiB`], bare[`${end}KiB`]];
      rows.push({
        ...shared,
        what: `${shared.what}: ${end === 'server' ? 'emulator' : 'devices'}`,
        figure: `${ours.toFixed(0)} KiB a connection`,
        peer: `bare TLS connection: ${theirs.toFixed(0)} KiB`,
        ratio: ours / theirs,
      });
    }
  }
  return rows;
};

const party = (script: string, environment: Readonly<Record<string, string>> = {}): Party =>
  startParty(new URL(`../parties/${script}`, import.meta.url), {
    NODE_OPTIONS: '--expose-gc',
    ...environment,
  });

async function holdBare(count: number): Promise<Held> {
  const pki = await createTestPki();
  const { chainPem: cert, privateKeyPem: key } = await pki.issueServerCertificate({
    names: [HOST],
    addresses: ['127.0.0.1'],
  });
  await using server = party('null-server.ts', { BENCH_TLS: JSON.stringify({ cert, key }) });
  await using client = party('held-connections.ts');
  const at = { ...(await server.call<object>('listen')).value, caPem: pki.bundle.rootPem };
  return await hold({ server, client, call: 'bare', count, job: { ...at, transport: 'mqtt' } });
}

async function holdDevices(transport: string, count: number): Promise<Held> {
  await using server = party('emulator.ts');
  await using client = party('held-connections.ts');
  const { value: at } = await server.call<object>('listen', { idScope: ID_SCOPE });
  return await hold({ server, client, call: 'devices', count, job: { ...at, transport } });
}

interface Holding {
  readonly server: Party;
  readonly client: Party;
  readonly call: 'bare' | 'devices';
  readonly count: number;
  readonly job: object;
}

async function hold({ server, client, call, count, job }: Holding): Promise<Held> {
  const open = async (many: number): Promise<void> => {
    const devices = makeDevices(many, ID_SCOPE);
    if (call === 'devices') await server.call('enroll', devices);
    const common = { ...job, hostName: HOST, idScope: ID_SCOPE, concurrency: CONCURRENCY };
    const { value: done } = await client.call<number>(call, { ...common, devices });
    if (done !== many) throw new Error(`${done} of ${many} were connected and assigned`);
  };
  await open(WARM_UP);
  await client.call('release');
  const before = await residentMiB(server, client);
  await open(count);
  const after = await residentMiB(server, client);
  const each = (end: 0 | 1): number => ((after[end] - before[end]) * 1024) / count;
  return { serverKiB: each(0), clientKiB: each(1) };
}

async function residentMiB(server: Party, client: Party): Promise<readonly [number, number]> {
  const { value: ofServer } = await server.call<number>('residentMiB');
  const { value: ofClient } = await client.call<number>('residentMiB');
  return [ofServer, ofClient];
}
