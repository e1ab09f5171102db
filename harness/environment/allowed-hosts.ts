import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { EnvironmentError, ScenarioError } from '../../simulators/kernel/errors.ts';

/** What load may be sent to. */
export interface LoadTarget {
  /** IP address or name. */
  readonly host: string;
  /** Of the scenario, for messages. */
  readonly key: string;
  readonly file: string;
}

/**
 * Decides whether load may go to a host: loopback always, another one only when the user has named it and all its
 * addresses are private. A public address never is an emulator of one's own.
 *
 * @param allowed what `--allow-endpoint` named
 * @returns the address to dial: looked up once, so that a name cannot lead elsewhere later
 * @throws ScenarioError when it may not
 * @throws EnvironmentError when the name has no address
 */
export async function allowedAddress(target: LoadTarget, allowed: readonly string[]): Promise<string> {
  const host = target.host.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || isIn(loopback, host)) return host;
  const { file, key } = target;
  if (!allowed.some((name) => name.toLowerCase() === host)) {
    const hint = `Load is only sent to an emulator on this machine, or to a private host that you name: --allow-endpoint ${host}`;
    throw new ScenarioError({ file, key, message: `${host} is not a loopback address` }, { hint });
  }
  const addresses = await addressesOf(host);
  const elsewhere = addresses.find((address) => !isIn(loopback, address) && !isIn(privateNetworks, address));
  if (elsewhere !== undefined) {
    const message = `${host === elsewhere ? host : `${host} (${elsewhere})`} is not a private address`;
    const hint = 'Even a host that is named must be in a private network: load never goes to the internet.';
    throw new ScenarioError({ file, key, message }, { hint });
  }
  return addresses[0] ?? host;
}

/** Names with the addresses that they have now: for a target that another program has looked up. */
export async function withAddresses(allowed: readonly string[]): Promise<readonly string[]> {
  return [...allowed, ...(await Promise.all(allowed.map(addressesOf))).flat()];
}

/** 127.0.0.0/8 and ::1 */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** RFC 1918 and RFC 4193: where the networks of containers and laboratories are. */
const privateNetworks = new BlockList();
privateNetworks.addSubnet('10.0.0.0', 8);
privateNetworks.addSubnet('172.16.0.0', 12);
privateNetworks.addSubnet('192.168.0.0', 16);
privateNetworks.addSubnet('fc00::', 7, 'ipv6');

const isIn = (list: BlockList, address: string): boolean =>
  isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true }).catch((cause: unknown) => {
    throw new EnvironmentError('endpoint', `the name ${host} has no address`, { cause });
  });
  return found.map(({ address }) => address);
}
