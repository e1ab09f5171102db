import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type ServerLoad, startMeasuredEmulator } from '../support/measured-process.ts';
import { closed, openTcp, openWire } from '../support/wire-client.ts';
import {
  type WireTarget,
  type WireTransport,
  wireRegistration,
  wireTransports,
} from '../support/wire-registration.ts';

/** `npm run test:soak` and continuous integration have 10,000. */
const CONNECTIONS = Number(process.env['DPS_RIG_SOAK_CONNECTIONS'] ?? 1_000);
const CONCURRENCY = 32;

/** How a client comes and goes. */
type Visit = (transport: WireTransport, target: WireTarget, index: number) => Promise<void>;

const visits: Readonly<Record<string, Visit>> = {
  'registers and says goodbye': async (transport, target) => {
    await using client = await openWire(transport, target);
    const { pieces, goodbye } = wireRegistration(transport);
    client.tls.write(Buffer.concat(pieces));
    await client.received('assigning');
    client.tls.end(goodbye);
    await client.ended();
  },
  'goes away before the answer': async (transport, target) => {
    await using client = await openWire(transport, target);
    const sent = new Promise((resolve) => {
      client.tls.write(Buffer.concat(wireRegistration(transport).pieces), resolve);
    });
    await sent;
  },
  'is reset in the middle of a packet': async (transport, target, index) => {
    await using client = await openWire(transport, target);
    const bytes = Buffer.concat(wireRegistration(transport).pieces);
    const sent = new Promise((resolve) => {
      client.tls.write(bytes.subarray(0, 1 + ((index * 37) % (bytes.length - 1))), resolve);
    });
    await sent;
    client.tcp.resetAndDestroy();
  },
  'breaks off its TLS handshake': async (transport, target, index) => {
    const tcp = await openTcp(transport, target);
    if (index % 2 === 0) {
      connectTls({ socket: tcp, servername: target.https.hostName }).on('error', () => undefined);
      await new Promise((resolve) => setImmediate(resolve)); // the ClientHello is on its way
      tcp.resetAndDestroy();
    } else {
      tcp.end(Buffer.from('1603010200010001fc0303', 'hex')); // the beginning of one
      tcp.resume();
    }
    await closed(tcp);
  },
};

describe(`the emulator after ${CONNECTIONS} connections`, () => {
  it('holds no more handles, files and memory than before', { timeout: 300_000 }, async (context) => {
    await using emulator = await startMeasuredEmulator();
    const fresh = await emulator.measure();
    const settled = async (): Promise<ServerLoad> => {
      const handles = async (): Promise<readonly string[]> => (await emulator.measure()).handles;
      await expect.poll(handles, { timeout: 10_000 }).toEqual(fresh.handles);
      return emulator.measure();
    };
    await visitInParallel(emulator, 500); // compiles the hot code, fills the caches
    const before = await settled();
    const began = performance.now();
    await visitInParallel(emulator, CONNECTIONS);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const after = await settled();
    const [was, is] = [before, after].map(({ heapBytes }) => (heapBytes / 2 ** 20).toFixed(2));
    await context.annotate(
      `${CONNECTIONS} connections in ${seconds} s: heap ${was} MiB before, ${is} MiB after`,
    );
    expect(after.files).toBe(fresh.files);
    expect(after.heapBytes).toBeLessThan(before.heapBytes * 1.05);
  });
});

/** Every way to come and go over every transport, in turns. */
async function visitInParallel(target: WireTarget, count: number): Promise<void> {
  const all = wireTransports.flatMap((transport) =>
    Object.values(visits).map((visit) => ({ transport, visit })),
  );
  const queue = Array.from({ length: count }, (_, index) => index).values();
  const worker = async (): Promise<void> => {
    for (const index of queue) {
      const next = all[index % all.length];
      await next?.visit(next.transport, target, index);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
