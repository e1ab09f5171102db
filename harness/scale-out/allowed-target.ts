import { allowedAddress, withAddresses } from '../environment/allowed-hosts.ts';
import type { Welcome } from './messages.ts';

/**
 * A worker does not send load anywhere on somebody else's word alone.
 *
 * @param allowedHosts private hosts besides loopback that the user of this machine has named
 * @throws ScenarioError when it would go to another one
 */
export async function requireAllowedTarget(
  {
    endpoint,
    proxy,
    scenarioFile: file,
    scenario,
  }: Pick<Welcome, 'endpoint' | 'proxy' | 'scenarioFile' | 'scenario'>,
  allowedHosts: readonly string[],
): Promise<void> {
  if (scenario.endpoint.kind === 'null') return;
  const { address, hostName } = endpoint.dps;
  // The coordinator has looked the name up.
  const allowed = await withAddresses(allowedHosts);
  await allowedAddress({ host: address ?? hostName, key: 'endpoint.address', file }, allowed);
  if (proxy !== undefined) await allowedAddress({ host: proxy.host, key: 'run.proxy', file }, allowed);
}
