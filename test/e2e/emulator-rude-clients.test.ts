import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type MeasuredEmulator,
  type ServerLoad,
  startMeasuredEmulator,
} from '../support/measured-process.ts';
import { closed, openTcp, openWire } from '../support/wire-client.ts';
import { type WireTransport, wireRegistration, wireTransports } from '../support/wire-registration.ts';

/** More than any buffer on the way from the server to a client on this machine. */
const FLOOD_BYTES = 64 * 1024 * 1024;

/** What has no end, in the form of the protocol, and with what the server answers before it closes. */
const oversized: Readonly<Record<WireTransport, { readonly bytes: Buffer; readonly answer: string }>> = {
  https: { bytes: Buffer.from(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`), answer: 'HTTP/1.1 431 ' },
  mqtt: { bytes: Buffer.from('10ffffff7f0004', 'hex'), answer: '' },
  amqp: { bytes: Buffer.from('414d515000010000 7fffffff02000000'.replace(' ', ''), 'hex'), answer: 'AMQP' },
  'mqtt-ws': { bytes: longWebSocketMessage('mqtt-ws'), answer: 'HTTP/1.1 101 ' },
  'amqp-ws': { bytes: longWebSocketMessage('amqp-ws'), answer: 'HTTP/1.1 101 ' },
};

describe('the emulator among rude clients', () => {
  let emulator: MeasuredEmulator;
  let fresh: ServerLoad;
  beforeAll(async () => {
    emulator = await startMeasuredEmulator();
    fresh = await emulator.measure();
  });
  afterAll(() => emulator[Symbol.asyncDispose]());
  afterEach(async () => {
    await expectNothingLeft();
    for (const transport of wireTransports) await expectServed(transport);
  });

  /** The server holds no connection any more, whatever its clients still hold. */
  const expectNothingLeft = async (): Promise<void> => {
    const held = async (): Promise<readonly string[]> => (await emulator.measure()).handles;
    await expect.poll(held, { timeout: 10_000 }).toEqual(fresh.handles);
    expect((await emulator.measure()).files).toBe(fresh.files);
  };
  const expectServed = async (transport: WireTransport): Promise<void> => {
    await using client = await openWire(transport, emulator);
    client.tls.write(Buffer.concat(wireRegistration(transport).pieces));
    await client.received('assigning');
  };

  it.each(wireTransports)(
    'ends a registration over %s that is cut short after any byte',
    async (transport) => {
      const whole = Buffer.concat(wireRegistration(transport).pieces);
      const lengths = Array.from({ length: whole.length }, (_, length) => length).values();
      const worker = async (): Promise<void> => {
        for (const length of lengths) {
          await using client = await openWire(transport, emulator);
          client.tls.end(whole.subarray(0, length));
          await client.ended();
          expect(client.bytes.includes('assigning')).toBe(false);
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
    },
  );

  it.each(wireTransports)(
    'ends a connection over %s that announces more than it may send',
    async (transport) => {
      await using client = await openWire(transport, emulator);
      client.tls.write(oversized[transport].bytes);
      await client.ended(); // though this side stays open
      expect(client.bytes.toString('latin1').startsWith(oversized[transport].answer)).toBe(true);
      await expectNothingLeft();
    },
  );

  it.each(wireTransports)(
    'ends a connection over %s that begins with the wrong packet',
    async (transport) => {
      await using client = await openWire(transport, emulator);
      client.tls.write(Buffer.concat(wireRegistration(transport).pieces.slice(1).reverse()));
      if (transport === 'https') client.tls.write('REGISTER dev-01\r\n\r\n');
      await client.ended();
      await expectNothingLeft();
      expect(client.bytes.includes('assigning')).toBe(false);
    },
  );

  it('keeps no more than a few MiB for clients that ask on and on and do not read', async () => {
    const before = await emulator.measure();
    await using clients = new AsyncDisposableStack();
    for (const transport of wireTransports) {
      const client = clients.use(await openWire(transport, emulator));
      const { pieces } = wireRegistration(transport);
      client.tls.write(Buffer.concat(pieces));
      await client.received('assigning');
      client.tls.pause();
      const question = pieces.at(-1) ?? Buffer.alloc(0);
      const many = Buffer.concat(Array.from({ length: 1_000 }, () => question));
      // Until the server reads no more, or has closed.
      for (let sent = 0; sent < FLOOD_BYTES; sent += many.length) {
        if (client.tls.destroyed || !(await writes(client.tls, many))) break;
      }
    }
    for (const transport of wireTransports) await expectServed(transport);
    const { heapBytes } = await emulator.measure();
    expect(heapBytes - before.heapBytes).toBeLessThan(16 * 2 ** 20);
  });

  it('gives up who never begins, after its deadline for TLS and for the first packet', {
    timeout: 60_000,
  }, async () => {
    await using clients = new AsyncDisposableStack();
    const waiting = wireTransports.flatMap((transport) => [
      openTcp(transport, emulator).then((tcp) => {
        tcp.resume();
        return closed(tcp);
      }),
      ...(transport === 'amqp' // 90 s: the Java SDK may take a minute within SASL
        ? []
        : [openWire(transport, emulator).then((client) => clients.use(client).ended())]),
    ]);
    for (const transport of wireTransports) await expectServed(transport);
    await Promise.all(waiting);
  });
});

/** @returns whether the server has taken all of it within a second */
async function writes(socket: NodeJS.WritableStream, bytes: Buffer): Promise<boolean> {
  const taken = new Promise<boolean>((resolve) => {
    socket.write(bytes, (error) => resolve(error === undefined || error === null));
  });
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000));
  return Promise.race([taken, late]);
}

/** The upgrade, and the head of a message of a gigabyte. */
function longWebSocketMessage(transport: 'mqtt-ws' | 'amqp-ws'): Buffer {
  const [upgrade = Buffer.alloc(0)] = wireRegistration(transport).pieces;
  return Buffer.concat([upgrade, Buffer.from('82ff000000004000000000000000', 'hex')]);
}
