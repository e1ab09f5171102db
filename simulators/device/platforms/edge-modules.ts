import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { TransportError } from '../../kernel/errors.ts';
import type { HttpResponse } from '../../transport/http-exchange.ts';
import { hubError } from '../../transport/hub-https.ts';
import { hmacSha256 } from '../../wire/hmac-sha256.ts';
import type { EdgeRequest } from './edge-http.ts';
import type { EdgeProfile } from './edge-profile.ts';

/** The system modules, in the order in which the daemon and then the edge runtime ask for them. */
const systemModules = ['$edgeAgent', '$edgeHub'] as const;

/** Sends one request of the hub's module API, with the device's own proof. */
export type SendToHub = (request: Omit<EdgeRequest, 'authorization'>) => Promise<HttpResponse>;

interface Module {
  readonly moduleId: string;
  readonly generationId: string;
}

/**
 * Gives the system modules of a device their keys, as identityd does after an assignment: it lists what there is,
 * makes what is missing without keys, to learn its generation, and then sets keys derived from that.
 *
 * @param masterKey base64, `aziot_identityd_master_id`
 * @throws HubServiceError when the hub refuses
 * @see reference of IoT Edge devices, chapter 2.7
 */
export async function reconcileModules(
  deviceId: string,
  masterKey: string,
  { hubApiVersion }: EdgeProfile,
  send: SendToHub,
): Promise<void> {
  const device = `/devices/${encodeURIComponent(deviceId)}/modules`;
  const query = `?api-version=${hubApiVersion}`;
  const known = readModules(await send({ method: 'GET', path: `${device}${query}` }));
  for (const moduleId of systemModules) {
    const path = `${device}/${encodeURIComponent(moduleId)}${query}`;
    const body = { moduleId, deviceId, managedBy: 'IotEdge' };
    const module =
      known.find((one) => one.moduleId === moduleId) ??
      readModule(await send({ method: 'PUT', path, body: { ...body, authentication: { type: 'none' } } }));
    const { generationId } = module;
    const authentication = { type: 'sas', symmetricKey: moduleKeys(masterKey, module) };
    const withKeys = { ...body, generationId, authentication };
    readModule(await send({ method: 'PUT', path, ifMatch: '*', body: withKeys }));
  }
}

/** The keys of a module: whoever holds the master key can make them again. */
export function moduleKeys(
  masterKey: string,
  { moduleId, generationId }: Module,
): { readonly primaryKey: string; readonly secondaryKey: string } {
  const derive = (purpose: string): string =>
    toBase64(hmacSha256(fromBase64(masterKey), `${moduleId}:${generationId}:${purpose}`));
  return { primaryKey: derive('primary'), secondaryKey: derive('secondary') };
}

function readModules(response: HttpResponse): readonly Module[] {
  const modules = readAnswer(response);
  if (!Array.isArray(modules)) throw invalid('the list of modules is not a list');
  return modules.map(toModule);
}

const readModule = (response: HttpResponse): Module => toModule(readAnswer(response));

function readAnswer(response: HttpResponse): unknown {
  if (response.status >= 300) throw hubError(response);
  try {
    return JSON.parse(response.body) as unknown;
  } catch {
    throw invalid('invalid Content-Type; expected JSON');
  }
}

function toModule(value: unknown): Module {
  const { moduleId, generationId } = (value ?? {}) as Partial<Record<keyof Module, unknown>>;
  if (typeof moduleId === 'string' && typeof generationId === 'string') return { moduleId, generationId };
  throw invalid('missing field `generationId`');
}

const invalid = (message: string): TransportError => new TransportError('receive', 'INVALID_DATA', message);
