import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Tpm } from 'tss.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../kernel/bytes.ts';
import { EnvironmentError, UsageError } from '../../kernel/errors.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { withQueue } from '../decorators/queue.ts';
import { silenceTssLog } from '../node-tss/testing/swtpm.ts';
import { openSwtpmProcess, type SwtpmProcess } from '../transports/swtpm-process.ts';
import { openTctiTransport } from '../transports/tcti.ts';
import { type BridgeEndpoint, publishTpm, type TpmBridge } from './publish-tpm.ts';

const getRandom8 = fromHex('80010000000c0000017b0008');
const startup = fromHex('80010000000c000001440000');
const extendPcr17 = fromHex(
  `800200000041000001820000001100000009400000090000010000${'00000001000b'}${'11'.repeat(32)}`,
);
const framed = (command: Uint8Array, locality = 0): Uint8Array => {
  const head = Buffer.alloc(9);
  head.writeUInt32BE(8);
  head.writeUInt8(locality, 4);
  head.writeUInt32BE(command.length, 5);
  return concatBytes(head, command);
};

/** A client that speaks bytes. */
function openClient(port: number): {
  socket: Socket;
  exchange(bytes: Uint8Array, length: number): Promise<string>;
  closed: Promise<boolean>;
} {
  const socket = connect({ host: '127.0.0.1', port });
  const closed = new Promise<boolean>((resolve) => socket.on('close', () => resolve(true)));
  return {
    socket,
    closed,
    exchange: async (bytes, length) => {
      socket.write(bytes);
      let received = Buffer.alloc(0);
      for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        received = Buffer.concat([received, chunk]);
        if (received.length >= length) break;
      }
      return toHex(received);
    },
  };
}

describe('publishTpm', () => {
  let swtpm: SwtpmProcess;
  let bridge: TpmBridge;
  let swtpmPort: number;
  let mssimPort: number;
  const clientErrors: Error[] = [];
  const cleanup: (() => Promise<unknown> | unknown)[] = [];

  beforeEach(async () => {
    silenceTssLog();
    clientErrors.length = 0;
    swtpm = await openSwtpmProcess();
    bridge = await publishTpm({
      transport: swtpm,
      endpoints: [
        { kind: 'tcp', protocol: 'swtpm', port: 0 },
        { kind: 'tcp', protocol: 'mssim', port: 0 },
      ],
      frameTimeoutMs: 100,
      onClientError: (error) => void clientErrors.push(error),
    });
    [swtpmPort = 0, mssimPort = 0] = bridge.endpoints.map(({ port }) => port ?? 0);
  });
  afterEach(async () => {
    for (const clean of cleanup.splice(0)) await clean();
    await bridge[Symbol.asyncDispose]();
    await swtpm.close();
  });

  const client = (port: number): ReturnType<typeof openClient> => {
    const opened = openClient(port);
    cleanup.push(() => opened.socket.destroy());
    return opened;
  };

  it.each(['swtpm', 'mssim'])('serves tcti-%s of tpm2-tss', async (protocol) => {
    const { tctiString = '' } = bridge.endpoints.find((endpoint) => endpoint.protocol === protocol) ?? {};
    await using tpm = await openTctiTransport(tctiString);
    expect(await tpm.send(getRandom8)).toHaveLength(20);
    expect(await tpm.send(getRandom8)).toHaveLength(20);
    expect(toHex(await tpm.send(extendPcr17))).toBe('80010000000a00000907');
    await tpm.setLocality?.(3);
    expect(toHex((await tpm.send(extendPcr17)).subarray(6, 10))).toBe('00000000');
    await tpm.setLocality?.(0);
    expect(toHex(await tpm.send(extendPcr17))).toBe('80010000000a00000907');
  });

  it('serves TSS.JS with its handshake on the simulator ports', async () => {
    const tpm = new Tpm(true, '127.0.0.1', mssimPort);
    cleanup.push(() => tpm.close());
    await new Promise<void>((resolve) => tpm.connect(resolve));
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      tpm.GetRandom(12, (error: Error | null, random) => {
        if (error !== null || random === undefined) reject(error ?? new Error('no bytes'));
        else resolve(random);
      });
    });
    expect(bytes).toHaveLength(12);
  });

  it('lets many clients of both protocols take turns, each with its own answers', async () => {
    const tpms = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const { tctiString = '' } = bridge.endpoints[index % 2] ?? {};
        const tpm = withQueue(await openTctiTransport(tctiString));
        cleanup.push(() => tpm.close());
        return tpm;
      }),
    );
    const lengths = await Promise.all(
      tpms.flatMap((tpm, index) =>
        Array.from({ length: 5 }, async () => {
          const count = index + 1;
          return (
            (await tpm.send(concatBytes(getRandom8.subarray(0, 11), Uint8Array.of(count)))).length -
            12 -
            count
          );
        }),
      ),
    );
    expect(lengths).toEqual(Array.from({ length: 40 }, () => 0));
  });

  it('puts a command together that comes byte by byte', async () => {
    const { socket, exchange } = client(swtpmPort);
    socket.setNoDelay(true);
    for (const byte of getRandom8.subarray(0, 11)) socket.write(Uint8Array.of(byte));
    expect(await exchange(getRandom8.subarray(11), 20)).toMatch(/^800100000014000000000008/);
  });

  it('answers a client that has closed its own direction', async () => {
    const { socket, exchange } = client(swtpmPort);
    const answer = exchange(getRandom8, 20);
    socket.end();
    expect(await answer).toMatch(/^800100000014/);
  });

  it.each([
    ['a command without end', 'swtpm', '8001ffffffff0000017b'],
    ['a command shorter than its header', 'swtpm', '800100000004'],
    ['an unknown simulator command', 'mssim', '000000ff'],
    ['a simulator frame without end', 'mssim', '0000000800ffffffff'],
  ] as const)(
    'closes the connection of a client with %s, and only that one',
    async (_what, protocol, bytes) => {
      const port = protocol === 'swtpm' ? swtpmPort : mssimPort;
      const [bad, good] = [client(port), client(swtpmPort)];
      bad.socket.write(fromHex(bytes));
      bad.socket.resume();
      expect(await bad.closed).toBe(true);
      expect(clientErrors).toMatchObject([{ code: 'BRIDGE_FRAME_MALFORMED' }]);
      expect(await good.exchange(getRandom8, 20)).toMatch(/^800100000014/);
    },
  );

  it('closes the connection of a client that stops within a frame, not of one that is silent between frames', async () => {
    const [stuck, silent] = [client(swtpmPort), client(swtpmPort)];
    await silent.exchange(getRandom8, 20);
    stuck.socket.write(getRandom8.subarray(0, 5));
    stuck.socket.resume();
    expect(await stuck.closed).toBe(true);
    expect(await silent.exchange(getRandom8, 20)).toMatch(/^800100000014/);
  });

  it('answers the control commands of swtpm', async () => {
    const control = client(swtpmPort + 1);
    expect(await control.exchange(fromHex('00000001'), 8)).toBe('000000000000022d');
    expect(await control.exchange(fromHex('00000004'), 8)).toBe('0000000000000000');
    expect(await control.exchange(fromHex('0000000504'), 4)).toBe('00000000');
    expect(await control.exchange(fromHex('0000000507'), 4)).toBe('0000003d');
    expect(await control.exchange(fromHex('0000000500'), 4)).toBe('00000000');
    expect(await control.exchange(fromHex('00000009'), 4)).toBe('00000000');
    // CMD_SHUTDOWN would end the TPM of the others.
    expect(await control.exchange(fromHex('00000003'), 4)).toBe('0000000a');
    expect(await control.closed).toBe(true);
  });

  it('resets the TPM by the control channel: it wants a new TPM2_Startup', async () => {
    const [data, control] = [client(swtpmPort), client(swtpmPort + 1)];
    expect(await control.exchange(fromHex('0000000e'), 4)).toBe('00000000');
    expect(await data.exchange(getRandom8, 10)).toBe('80010000000a00000101');
    expect(await control.exchange(fromHex('0000000200000000'), 4)).toBe('00000000');
    expect(await data.exchange(getRandom8, 10)).toBe('80010000000a00000100');
    expect(await data.exchange(startup, 10)).toBe('80010000000a00000000');
    expect(await data.exchange(getRandom8, 20)).toMatch(/^800100000014/);
  });

  it('switches the TPM off and on by the platform port, where on without off changes nothing', async () => {
    const [command, platform] = [client(mssimPort), client(mssimPort + 1)];
    expect(await platform.exchange(fromHex('00000001'), 4)).toBe('00000000');
    expect(await command.exchange(framed(getRandom8), 28)).toMatch(/^00000014800100000014.*00000000$/);
    expect(await platform.exchange(fromHex('00000002'), 4)).toBe('00000000');
    expect(await command.exchange(framed(getRandom8), 18)).toBe('0000000a80010000000a0000010100000000');
    expect(await platform.exchange(fromHex('00000001'), 4)).toBe('00000000');
    expect(await platform.exchange(fromHex('0000000b'), 4)).toBe('00000000');
    expect(await command.exchange(framed(startup), 18)).toBe('0000000a80010000000a0000000000000000');
    expect(await command.exchange(framed(getRandom8, 9), 18)).toBe('0000000a80010000000a0000090700000000');
  });

  it('closes the connection of a client whose command finds no TPM any more, and goes on', async () => {
    process.kill(swtpm.pid, 'SIGKILL');
    await swtpm.exited;
    const { exchange, closed } = client(swtpmPort);
    expect(await exchange(getRandom8, 1)).toBe('');
    expect(await closed).toBe(true);
    expect(clientErrors).toMatchObject([{ code: 'TPM_PROCESS_EXITED' }]);
  });

  it('serves a pair of Unix sockets, replaces what a killed process left, and leaves nothing', async () => {
    await using scratch = await openScratchDirectory({ name: 'bridge' });
    const path = join(scratch.path, 'tpm');
    const dieListening =
      "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    spawnSync(process.execPath, ['-e', dieListening, path]);
    expect(existsSync(path)).toBe(true);
    const endpoints: readonly BridgeEndpoint[] = [{ kind: 'unix', protocol: 'swtpm', path }];
    const published = await publishTpm({ transport: swtpm, endpoints });
    await expect(publishTpm({ transport: swtpm, endpoints })).rejects.toBeInstanceOf(EnvironmentError);
    {
      await using tpm = await openTctiTransport(published.endpoints[0]?.tctiString ?? '');
      expect(await tpm.send(getRandom8)).toHaveLength(20);
    }
    await published[Symbol.asyncDispose]();
    expect([existsSync(path), existsSync(`${path}.ctrl`)]).toEqual([false, false]);
  });

  it('refuses a port that is taken, and keeps no half of a pair', async () => {
    const endpoints: readonly BridgeEndpoint[] = [{ kind: 'tcp', protocol: 'swtpm', port: swtpmPort }];
    await expect(publishTpm({ transport: swtpm, endpoints })).rejects.toMatchObject({
      name: 'EnvironmentError',
    });
  });

  it('listens on loopback only, unless told', async () => {
    const endpoints: readonly BridgeEndpoint[] = [
      { kind: 'tcp', protocol: 'swtpm', host: '0.0.0.0', port: 0 },
    ];
    await expect(publishTpm({ transport: swtpm, endpoints })).rejects.toBeInstanceOf(UsageError);
  });

  it('refuses a path that is too long for a socket', async () => {
    const endpoints: readonly BridgeEndpoint[] = [
      { kind: 'unix', protocol: 'swtpm', path: `/tmp/${'x'.repeat(100)}` },
    ];
    await expect(publishTpm({ transport: swtpm, endpoints })).rejects.toBeInstanceOf(UsageError);
  });
});
