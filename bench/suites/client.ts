import { createTestPki } from '../../simulators/pki/test-pki.ts';
import { type ClientJob, makeDevices } from '../client-job.ts';
import { startParty } from '../party.ts';
import type { Suite } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const DEVICES = 400;
const CONCURRENCY = 8;

/**
 * Client CPU per HTTPS symmetric-key registration: our client and the official SDK beside a bare `node:https` loop that
 * sends the same two requests, all against a server that verifies nothing.
 */
export const clientSuite: Suite = async ({ rounds, log }) => {
  const pki = await createTestPki();
  const { chainPem, privateKeyPem } = await pki.issueServerCertificate({
    names: [HOST],
    addresses: ['127.0.0.1'],
  });
  await using server = startParty(new URL('../parties/null-server.ts', import.meta.url), {
    BENCH_TLS: JSON.stringify({ cert: chainPem, key: privateKeyPem }),
  });
  const { value: port } = await server.call<number>('listen');
  await using bare = startParty(new URL('../parties/bare-client.ts', import.meta.url));
  await using device = startParty(new URL('../parties/device-client.ts', import.meta.url));

  const job = (): ClientJob => ({
    port,
    hostName: HOST,
    idScope: ID_SCOPE,
    caPem: pki.bundle.rootPem,
    concurrency: CONCURRENCY,
    devices: makeDevices(DEVICES, ID_SCOPE),
  });
  const cpu = { bare: [] as number[], native: [] as number[], sdk: [] as number[] };
  const rate = { bare: [] as number[], native: [] as number[], sdk: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    const measured = {
      bare: await bare.call('run', job()),
      native: await device.call('native', job()),
      sdk: await device.call('azure-sdk', job()),
    };
    if (round === 0) continue; // warm-up
    for (const name of ['bare', 'native', 'sdk'] as const) {
      cpu[name].push(measured[name].cpuMs / DEVICES);
      rate[name].push((DEVICES * 1000) / measured[name].wallMs);
    }
    log(
      `round ${round}: bare ${cpu.bare.at(-1)?.toFixed(2)}, native ${cpu.native.at(-1)?.toFixed(2)}, SDK ${cpu.sdk.at(-1)?.toFixed(2)} ms CPU`,
    );
  }
  const figure = (name: 'bare' | 'native' | 'sdk'): string =>
    `${median(cpu[name]).toFixed(2)} ms CPU, ${median(rate[name]).toFixed(0)}/s`;
  const ratio = medianRatio(cpu.native, cpu.bare);
  return [
    {
      suite: 'client',
      what: 'native client, HTTPS registration by symmetric key',
      figure: figure('native'),
      peer: `bare node:https loop: ${figure('bare')}`,
      ratio,
      goal: '<= 1.25',
      met: ratio <= 1.25,
    },
    {
      suite: 'client',
      what: 'native client, the same',
      figure: figure('native'),
      peer: `official SDK: ${figure('sdk')}`,
      ratio: medianRatio(cpu.native, cpu.sdk),
    },
  ];
};
