import { createTestPki } from '../../simulators/pki/test-pki.ts';
import { makeDevices } from '../client-job.ts';
import { type Party, startParty } from '../party.ts';
import type { Row, Suite } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';
import { bareClients } from '../transports.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
/** For each of the clients. */
const DEVICES = 200;
const CONCURRENCY = 16;
/** So many that the server's one core is the limit. */
const CLIENTS = 2;
const WARM_UP_ROUNDS = 4;

interface Served {
  readonly cpuMs: number;
  readonly perSecond: number;
}

/**
 * Emulator CPU per symmetric-key registration (two requests on a fresh connection) and registrations a second, on each
 * transport, beside a server that does the same TLS, protocol and JSON and verifies nothing. The same bare loops drive both.
 */
export const emulatorSuite: Suite = async ({ rounds, log }) => {
  const pki = await createTestPki();
  const tls = await pki.issueServerCertificate({ names: [HOST], addresses: ['127.0.0.1'] });
  await using nothing = party('null-server.ts', {
    BENCH_TLS: JSON.stringify({ cert: tls.chainPem, key: tls.privateKeyPem }),
  });
  await using emulator = party('emulator.ts');
  const nothingAt = { ...(await nothing.call<object>('listen')).value, caPem: pki.bundle.rootPem };
  const { value: emulatorAt } = await emulator.call<object>('listen', { idScope: ID_SCOPE });

  const rows: Row[] = [];
  for (const { transport, library, script } of bareClients) {
    await using clients = new AsyncDisposableStack();
    const drivers = Array.from({ length: CLIENTS }, () => clients.use(party(script)));
    const serve = async (server: Party, at: object): Promise<Served> => {
      const shares = drivers.map(() => makeDevices(DEVICES, ID_SCOPE));
      const count = shares.length * DEVICES;
      if (server === emulator) await server.call('enroll', shares.flat());
      await server.call('begin');
      const begunMs = performance.now();
      const common = { ...at, hostName: HOST, idScope: ID_SCOPE, concurrency: CONCURRENCY, transport };
      await Promise.all(
        drivers.map((driver, index) => driver.call('run', { ...common, devices: shares[index] })),
      );
      const perSecond = (count * 1000) / (performance.now() - begunMs);
      const { value: cpuMs } = await server.call<number>('end');
      return { cpuMs: cpuMs / count, perSecond };
    };
    const ours: Served[] = [];
    const theirs: Served[] = [];
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      const peer = await serve(nothing, nothingAt);
      const own = await serve(emulator, emulatorAt);
      if (round < 1) continue;
      ours.push(own);
      theirs.push(peer);
      log(`${transport}, round ${round}: emulator ${figure([own])}, nothing verified ${figure([peer])}`);
    }
    rows.push(rowOf(transport, library, { ours, theirs }));
  }
  return rows;
};

const party = (script: string, environment?: Readonly<Record<string, string>>): Party =>
  startParty(new URL(`../parties/${script}`, import.meta.url), environment);

const cpuOf = (served: readonly Served[]): number[] => served.map(({ cpuMs }) => cpuMs);

const figure = (served: readonly Served[]): string =>
  `${median(cpuOf(served)).toFixed(2)} ms CPU, ${median(served.map(({ perSecond }) => perSecond)).toFixed(0)}/s`;

function rowOf(
  transport: string,
  library: string,
  { ours, theirs }: { readonly ours: readonly Served[]; readonly theirs: readonly Served[] },
): Row {
  const ratio = medianRatio(cpuOf(ours), cpuOf(theirs));
  return {
    suite: 'emulator',
    what: `emulator, ${transport} registration by symmetric key`,
    figure: figure(ours),
    peer: `bare ${library} server, nothing verified: ${figure(theirs)}`,
    ratio,
    goal: '<= 1.30',
    met: ratio <= 1.3,
  };
}
