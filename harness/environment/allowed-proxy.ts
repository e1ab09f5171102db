import { type HttpProxy, parseProxyUrl } from '../../simulators/schemas.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { allowedAddress } from './allowed-hosts.ts';

/**
 * The proxy that devices of a scenario go through, at the address that it has now: a name cannot lead elsewhere later.
 *
 * @throws ScenarioError when it is neither on this machine nor allowed
 */
export async function allowedProxy(
  { run: { proxy } }: { readonly run: Pick<Scenario['run'], 'proxy'> },
  file: string,
  allowed: readonly string[],
): Promise<HttpProxy | undefined> {
  const parsed = proxy === undefined ? undefined : parseProxyUrl(proxy);
  if (parsed === undefined) return undefined;
  return { ...parsed, host: await allowedAddress({ host: parsed.host, key: 'run.proxy', file }, allowed) };
}
