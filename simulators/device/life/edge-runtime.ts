import { fromBase64 } from '../../kernel/bytes.ts';
import { HubServiceError } from '../../kernel/errors.ts';
import type { HubModuleIdentity, HubModules, ModuleKeys } from '../../transport/hub-modules.ts';
import { hubEndpoint } from '../../transport/hub-transport.ts';
import { reportProperties } from '../../transport/hub-twin.ts';
import { hmacSha256 } from '../../wire/hmac-sha256.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import type { PlatformRelease } from '../platforms/table.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';
import { moduleHubToken } from './hub-proof.ts';
import { deriveModuleKeys } from './module-keys.ts';
import { platformReport, productInfo } from './platform-report.ts';

const EDGE_AGENT = '$edgeAgent';
const EDGE_HUB = '$edgeHub';

/** What the edge runtime is started with. */
export interface RuntimeParts {
  readonly setup: Pick<ClientSetup, 'endpoint' | 'clock'>;
  readonly modules: HubModules;
  readonly device: ProvisionedDevice;
  readonly masterKey: Uint8Array;
  readonly release: PlatformRelease;
  /** Keeps a module as the hub knows it now. */
  readonly onModule: (module: HubModuleIdentity) => Promise<void>;
}

/**
 * What the daemon and the edge runtime do once the device has its hub: keys for `$edgeAgent`, who then asks for those of
 * `$edgeHub`, connects with its own and reports the platform.
 *
 * @throws HubServiceError, TransportError
 * @see reference of IoT Edge devices, chapter 2.7
 */
export async function startEdgeRuntime(parts: RuntimeParts, signal: AbortSignal): Promise<void> {
  const agent = await giveKeys(EDGE_AGENT, parts, signal);
  await giveKeys(EDGE_HUB, parts, signal);
  const { setup, device, release } = parts;
  const sign = (input: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(hmacSha256(fromBase64(agent.primaryKey), Buffer.from(input).toString('utf8')));
  const token = await moduleHubToken(device, EDGE_AGENT, sign, setup.clock);
  await reportProperties(
    hubEndpoint(setup.endpoint, device.hub),
    { ...device, moduleId: EDGE_AGENT, token, userAgent: productInfo(release) },
    platformReport(release),
    signal,
  );
}

/** Learns the generation of a module, which is made when it is not there, and gives it the keys derived for it. */
async function giveKeys(
  moduleId: string,
  { modules, masterKey, onModule }: RuntimeParts,
  signal: AbortSignal,
): Promise<ModuleKeys> {
  const known = await modules.get(moduleId, signal).catch((error: unknown) => {
    if (error instanceof HubServiceError && error.status === 404) return undefined;
    throw error;
  });
  const module = known ?? (await modules.create(moduleId, signal));
  const keys = deriveModuleKeys(masterKey, module);
  await onModule(await modules.setKeys(module, keys, signal));
  return keys;
}
