import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../kernel/bytes.ts';
import { startProcess } from '../../processes/managed-process.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { waitFor } from '../../processes/wait-for.ts';
import { publishTpm } from '../bridge/publish-tpm.ts';
import { openSocketTpm, type TpmAddress } from './socket.ts';
import { openSwtpmProcess } from './swtpm-process.ts';

const never = new AbortController().signal;
const getRandom = fromHex('8001 0000000c 0000017b 0014');

/** A swtpm that listens, as people start it by hand. */
async function startListeningSwtpm(
  kind: TpmAddress['kind'],
): Promise<{ address: TpmAddress } & AsyncDisposable> {
  const resources = new AsyncDisposableStack();
  const { path: directory } = resources.use(await openScratchDirectory({ name: 'test-socket' }));
  const address: TpmAddress =
    kind === 'unix'
      ? { kind, path: join(directory, 'socket') }
      : { kind, host: '127.0.0.1', port: await freePort() };
  resources.use(
    await startProcess({
      command: 'swtpm',
      args: [
        ...['socket', '--tpm2', '--tpmstate', `dir=${directory}`, '--flags', 'not-need-init,startup-clear'],
        ...[
          '--server',
          address.kind === 'unix' ? `type=unixio,path=${address.path}` : `type=tcp,port=${address.port}`,
        ],
      ],
      install: 'sudo apt-get install swtpm',
    }),
  );
  return { address, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Connects as soon as the swtpm listens. */
const open = (address: TpmAddress, framing: 'raw' | 'mssim') =>
  waitFor(() => openSocketTpm({ address, framing, signal: never }).catch(() => undefined), {
    what: 'swtpm to listen',
    deadlineMs: 5_000,
  });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A listener that answers whatever comes with the given bytes: for what no TPM would say. */
async function startOddTpm(answer: string | undefined): Promise<{ address: TpmAddress } & AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (answer === undefined) socket.destroy();
      else socket.write(fromHex(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    address: {
      kind: 'tcp',
      host: '127.0.0.1',
      port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    },
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('openSocketTpm', () => {
  const ways = [
    ['unix', 'raw'],
    ['unix', 'mssim'],
    ['tcp', 'raw'],
    ['tcp', 'mssim'],
  ] as const;
  it.each(ways)('reaches a swtpm over %s with %s framing', async (kind, framing) => {
    await using swtpm = await startListeningSwtpm(kind);
    await using tpm = await open(swtpm.address, framing);
    const first = await tpm.send(getRandom);
    const second = await tpm.send(getRandom);
    expect(toHex(first.subarray(0, 12))).toBe('80010000002000000000 0014'.replace(' ', ''));
    expect(second).toHaveLength(32);
    expect(second).not.toEqual(first);
  });

  it('switches power and sets the locality of a simulator with a platform port', async () => {
    await using swtpm = await openSwtpmProcess();
    await using bridge = await publishTpm({
      transport: swtpm,
      endpoints: [{ kind: 'tcp', protocol: 'mssim', port: 0 }],
    });
    const port = bridge.endpoints[0]?.port ?? 0;
    const at = (number: number): TpmAddress => ({ kind: 'tcp', host: '127.0.0.1', port: number });
    await using tpm = await openSocketTpm({
      address: at(port),
      platform: at(port + 1),
      framing: 'mssim',
      signal: never,
    });
    const responseCode = async (command: string): Promise<string> =>
      toHex((await tpm.send(fromHex(command))).subarray(6, 10));
    await tpm.power?.('cycle');
    // TPM_RC_INITIALIZE, then TPM2_Startup.
    expect(await responseCode('8001 0000000c 0000017b 0014')).toBe('00000100');
    expect(await responseCode('8001 0000000c 00000144 0000')).toBe('00000000');
    // PCR 17 can be extended from locality 2 on: TPM_RC_LOCALITY below.
    const extend = `8002 00000041 00000182 00000011 00000009 40000009 0000 01 0000 00000001 000b ${'00'.repeat(32)}`;
    expect(await responseCode(extend)).toBe('00000907');
    await tpm.setLocality?.(2);
    expect(await responseCode(extend)).toBe('00000000');
  });

  it('says when nobody listens', async () => {
    const address = { kind: 'unix', path: '/nowhere/socket' } as const;
    await expect(openSocketTpm({ address, framing: 'raw', signal: never })).rejects.toMatchObject({
      phase: 'connect',
      code: 'ENOENT',
    });
  });

  const oddities = [
    ['a tag that no response has', 'raw', '0000 0000000a 00000000', 'TPM_RESPONSE_MALFORMED'],
    ['a size below that of its header', 'raw', '8001 00000009 00000000', 'TPM_RESPONSE_MALFORMED'],
    ['a size beyond any response', 'raw', '8001 ffffffff 00000000', 'TPM_RESPONSE_MALFORMED'],
    ['more than its size', 'raw', '8001 0000000a 00000000 00', 'TPM_RESPONSE_MALFORMED'],
    ['two sizes that differ', 'mssim', '0000000b 8001 0000000a 00000000 00000000', 'TPM_RESPONSE_MALFORMED'],
    [
      'a failed acknowledgement',
      'mssim',
      '0000000a 8001 0000000a 00000000 00000001',
      'TPM_RESPONSE_MALFORMED',
    ],
    ['a closed connection', 'raw', undefined, 'TPM_CLOSED'],
  ] as const;
  it.each(oddities)('refuses an answer with %s', async (_name, framing, answer, code) => {
    await using odd = await startOddTpm(answer);
    await using tpm = await openSocketTpm({ address: odd.address, framing, signal: never });
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ phase: 'tpm', code });
  });

  it('gives up a TPM that stops in the middle of its answer', async () => {
    await using odd = await startOddTpm('8001 00000020 0000');
    await using tpm = await openSocketTpm({
      address: odd.address,
      framing: 'raw',
      signal: never,
      responseDeadlineMs: 30,
    });
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ phase: 'timeout', code: 'TPM_TIMEOUT' });
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ phase: 'timeout' });
  });

  it('offers no power switch and no locality over a raw socket', async () => {
    await using odd = await startOddTpm('');
    await using tpm = await openSocketTpm({ address: odd.address, framing: 'raw', signal: never });
    expect(tpm.power).toBeUndefined();
    expect(tpm.setLocality).toBeUndefined();
  });
});
