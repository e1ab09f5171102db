import { readFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { UsageError } from '../../simulators/kernel/errors.ts';

/** How to reach a NATS server. */
export interface NatsAddress {
  /** As NATS clients take it: host and port. */
  readonly server: string;
  /** For messages: no user and no password. */
  readonly shown: string;
  readonly user?: string;
  readonly password?: string;
  /** undefined: no TLS. */
  readonly tls: { readonly ca?: string } | undefined;
}

const DEFAULT_PORT = '4222';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/**
 * Reads `nats://127.0.0.1:4222` or `tls://user:password@nats.example:4222`. The keys of a fleet go over the connection:
 * without TLS it does not leave the machine.
 *
 * @param caFile PEM of the roots to trust, in place of the system's
 * @throws UsageError when it is no such URL, or would carry secrets in the clear
 */
export async function parseNatsUrl(text: string, caFile?: string): Promise<NatsAddress> {
  const url = URL.parse(text);
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new UsageError('the NATS URL is neither nats://host:port nor tls://host:port');
  }
  const { hostname, port, username, password, protocol } = url;
  if (protocol === 'nats:' && !isLoopback(hostname)) {
    throw new UsageError(`${hostname} is not on this machine, and nats:// is not encrypted`, {
      hint: 'The keys of the fleet go over this connection: use tls://, and --nats-ca for a CA of your own.',
    });
  }
  if (protocol === 'nats:' && caFile !== undefined) {
    throw new UsageError('--nats-ca is for tls://, and the URL is nats://');
  }
  const server = `${hostname}:${port === '' ? DEFAULT_PORT : port}`;
  return {
    server,
    shown: `${protocol}//${server}`,
    ...(username === ''
      ? {}
      : { user: decodeURIComponent(username), password: decodeURIComponent(password) }),
    tls: protocol === 'tls:' ? (caFile === undefined ? {} : { ca: await readCa(caFile) }) : undefined,
  };
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4'));
}

function readCa(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read`, { cause });
  });
}
