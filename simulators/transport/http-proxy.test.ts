import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openTunnel, parseProxyUrl } from './http-proxy.ts';
import { type ProxyManner, startConnectProxy } from './testing/connect-proxy.ts';

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;
const soon = (): AbortSignal => AbortSignal.timeout(5_000);

describe('parseProxyUrl', () => {
  it.each([
    ['http://127.0.0.1:3128', { host: '127.0.0.1', port: 3128 }],
    ['http://proxy', { host: 'proxy', port: 80 }],
    ['http://[::1]:8080/', { host: '::1', port: 8080 }],
    ['http://user:p%40ss@proxy:1', { host: 'proxy', port: 1, authorization: basic('user:p@ss') }],
  ])('reads %s', (url, proxy) => {
    expect(parseProxyUrl(url)).toEqual(proxy);
  });

  it.each([
    '',
    '127.0.0.1:3128',
    'https://proxy:1',
    'socks5://proxy:1',
    'http://proxy/path',
    'http://:1',
    'http://user:100%@proxy:1',
    'http://user:%ff@proxy:1',
  ])('takes `%j` for no proxy', (url) => {
    expect(parseProxyUrl(url)).toBeUndefined();
  });
});

describe('openTunnel', () => {
  /** A server that says hello and repeats what it hears. */
  async function startEcho() {
    const server = createServer((socket) => {
      socket.write('hello ');
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      [Symbol.asyncDispose]: async () => {
        server.close();
        await once(server, 'close');
      },
    };
  }

  it('carries bytes both ways, those that came with the answer too', async () => {
    await using echo = await startEcho();
    await using proxy = await startConnectProxy({ authorization: basic('user:secret') });
    const way = { host: '127.0.0.1', port: proxy.port, authorization: basic('user:secret') };
    const socket = await openTunnel(way, { host: '127.0.0.1', port: echo.port }, soon());
    socket.end('world');
    expect(await text(socket)).toBe('hello world');
    expect(proxy.targets).toEqual([`127.0.0.1:${echo.port}`]);
  });

  it.each<[string, ProxyManner, string]>([
    ['other credentials are wanted', { authorization: basic('user:other') }, 'PROXY_AUTHENTICATION_REQUIRED'],
    ['it refuses', { says: 'HTTP/1.1 502 Bad Gateway\r\n\r\n' }, 'PROXY_REFUSED'],
    ['it is no proxy', { says: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'PROXY_MALFORMED'],
    ['its answer has no status', { says: 'HTTP/1.1 fine\r\n\r\n' }, 'PROXY_MALFORMED'],
    ['its headers never end', { says: `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5_000)}` }, 'PROXY_MALFORMED'],
    [
      'its headers are too long',
      { says: `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(17_000)}\r\n\r\n` },
      'PROXY_MALFORMED',
    ],
    ['it ends in the middle of its answer', { says: 'HTTP/1.1 2' }, 'PROXY_CLOSED'],
    ['it hangs up', 'hang-up', 'PROXY_CLOSED'],
  ])('fails with a code of its own when %s, without the password', async (_, manner, code) => {
    await using proxy = await startConnectProxy(manner);
    const way = { host: '127.0.0.1', port: proxy.port, authorization: basic('user:secret') };
    const error: unknown = await openTunnel(way, { host: '127.0.0.1', port: 1 }, soon()).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'TransportError', code });
    expect(String((error as Error).stack)).not.toMatch(/secret|dXNlcjpzZWNyZXQ/);
  });

  it('says that nobody is there', async () => {
    const proxy = await startConnectProxy();
    const { port } = proxy;
    await proxy[Symbol.asyncDispose]();
    await expect(
      openTunnel({ host: '127.0.0.1', port }, { host: '127.0.0.1', port: 1 }, soon()),
    ).rejects.toMatchObject({ code: 'PROXY_UNREACHABLE' });
  });

  it('gives up on a proxy that does not answer, and leaves no connection', async () => {
    await using proxy = await startConnectProxy('silent');
    const way = { host: '127.0.0.1', port: proxy.port };
    await expect(openTunnel(way, { host: 'x', port: 1 }, soon(), 100)).rejects.toMatchObject({
      phase: 'timeout',
      code: 'PROXY_TIMEOUT',
    });
    while (proxy.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('gives up with the signal, and leaves no connection', async () => {
    await using proxy = await startConnectProxy('silent');
    const stop = new AbortController();
    const opening = openTunnel({ host: '127.0.0.1', port: proxy.port }, { host: 'x', port: 1 }, stop.signal);
    while (proxy.targets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await expect(opening).rejects.toMatchObject({ phase: 'aborted' });
    while (proxy.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
