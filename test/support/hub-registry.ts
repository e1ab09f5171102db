import type { RunningDps } from '../../simulators/index.ts';
import { fromBase64 } from '../../simulators/kernel/bytes.ts';
import { formatSasToken, signSas } from '../../simulators/wire/sas-token.ts';
import { requestText, sendOnce } from './raw-https.ts';

/** An identity or a twin as the registry API shows it: any part may be missing. */
export interface HubResource {
  readonly generationId: string;
  readonly status: string;
  readonly authentication: {
    readonly type: string;
    readonly symmetricKey: { readonly primaryKey: string; readonly secondaryKey: string };
    readonly x509Thumbprint: { readonly primaryThumbprint: string };
  };
  readonly properties: { readonly reported: { readonly runtime?: { readonly platform: unknown } } };
}

/** The registry API of one hub for a service that holds the owner's key. */
export interface HubRegistryClient {
  device(deviceId: string): Promise<HubResource>;
  module(deviceId: string, moduleId: string): Promise<HubResource>;
  moduleTwin(deviceId: string, moduleId: string): Promise<HubResource>;
  /** Changes a device as it is; `null` removes it. */
  change(deviceId: string, changes: Readonly<Record<string, unknown>> | null): Promise<void>;
}

/** @param hub one of the emulator's */
export function hubRegistry(dps: RunningDps, hub: string): HubRegistryClient {
  const key = /SharedAccessKey=(.*)$/.exec(dps.hubConnectionStrings[hub] ?? '')?.[1] ?? '';
  const ask = async (method: string, path: string, body?: unknown): Promise<HubResource> => {
    const expirySeconds = Math.floor(Date.now() / 1000) + 600;
    const signature = signSas(fromBase64(key), hub, expirySeconds);
    const Authorization = formatSasToken({ sr: hub, signature, expirySeconds, skn: 'iothubowner' });
    const answer = await sendOnce(
      dps,
      requestText(method, `${path}?api-version=2021-04-12`, {
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { Host: hub, Authorization, ...(method === 'GET' ? {} : { 'If-Match': '*' }) },
      }),
    );
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.json as unknown as HubResource;
  };
  const moduleOf = (deviceId: string, moduleId: string): string =>
    `/${deviceId}/modules/${encodeURIComponent(moduleId)}`;
  return {
    device: (deviceId) => ask('GET', `/devices/${deviceId}`),
    module: (deviceId, moduleId) => ask('GET', `/devices${moduleOf(deviceId, moduleId)}`),
    moduleTwin: (deviceId, moduleId) => ask('GET', `/twins${moduleOf(deviceId, moduleId)}`),
    change: async (deviceId, changes) => {
      if (changes === null) await ask('DELETE', `/devices/${deviceId}`);
      else await ask('PUT', `/devices/${deviceId}`, { deviceId, ...changes });
    },
  };
}
