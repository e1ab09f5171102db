import { createTestPki } from '../../simulators/pki/test-pki.ts';
import { makeDevices } from '../client-job.ts';
import { type Party, startParty } from '../party.ts';
import type { Suite } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const DEVICES = 400;
const CONCURRENCY = 8;

/**
 * Emulator CPU per HTTPS symmetric-key registration (two requests on a fresh TLS connection), beside a server that
 * does the same TLS and JSON and verifies nothing. The same bare loop drives both.
 */
export const emulatorSuite: Suite = async ({ rounds, log }) => {
  const pki = await createTestPki();
  const tls = await pki.issueServerCertificate({ names: [HOST], addresses: ['127.0.0.1'] });
  await using nothing = startParty(new URL('../parties/null-server.ts', import.meta.url), {
    BENCH_TLS: JSON.stringify({ cert: tls.chainPem, key: tls.privateKeyPem }),
  });
  await using emulator = startParty(new URL('../parties/emulator.ts', import.meta.url));
  await using client = startParty(new URL('../parties/bare-client.ts', import.meta.url));
  const nothingAt = { port: (await nothing.call<number>('listen')).value, caPem: pki.bundle.rootPem };
  const { value: emulatorAt } = await emulator.call<typeof nothingAt>('listen', { idScope: ID_SCOPE });

  const serverCpuMs = async (
    server: Party,
    at: typeof nothingAt,
  ): Promise<{ cpuMs: number; perSecond: number }> => {
    const devices = makeDevices(DEVICES, ID_SCOPE);
    if (server === emulator) await server.call('enroll', devices);
    await server.call('begin');
    const job = { ...at, hostName: HOST, idScope: ID_SCOPE, concurrency: CONCURRENCY, devices };
    const { wallMs } = await client.call('run', job);
    const { value: cpuMs } = await server.call<number>('end');
    return { cpuMs: cpuMs / DEVICES, perSecond: (DEVICES * 1000) / wallMs };
  };

  const ours: number[] = [];
  const theirs: number[] = [];
  const perSecond: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const peer = await serverCpuMs(nothing, nothingAt);
    const own = await serverCpuMs(emulator, emulatorAt);
    if (round === 0) continue; // warm-up
    ours.push(own.cpuMs);
    theirs.push(peer.cpuMs);
    perSecond.push(own.perSecond);
    log(
      `round ${round}: emulator ${own.cpuMs.toFixed(2)}, verifying nothing ${peer.cpuMs.toFixed(2)} ms CPU`,
    );
  }
  const ratio = medianRatio(ours, theirs);
  return [
    {
      suite: 'emulator',
      what: 'emulator, HTTPS registration by symmetric key',
      figure: `${median(ours).toFixed(2)} ms CPU, ${median(perSecond).toFixed(0)}/s with one client process`,
      peer: `same TLS and JSON, nothing verified: ${median(theirs).toFixed(2)} ms CPU`,
      ratio,
      goal: '<= 1.30',
      met: ratio <= 1.3,
    },
  ];
};
