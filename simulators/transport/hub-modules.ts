import { z } from 'zod';
import { TransportError } from '../kernel/errors.ts';
import type { HttpResponse } from './http-exchange.ts';
import { hubRefusal } from './hub-refusal.ts';
import { hostHeader, KeptConnection } from './kept-connection.ts';
import type { RequestProof } from './provisioning-transport.ts';
import { secureContextFor, type TlsIdentity } from './secure-context.ts';
import type { TlsEndpoint } from './tls-connection.ts';

/** A module of a device as its hub knows it. */
export interface HubModuleIdentity {
  readonly moduleId: string;
  readonly deviceId: string;
  /** Changes when a module of the same name is made anew; keys are derived from it. */
  readonly generationId: string;
  readonly managedBy: string | null;
}

/** The two keys of a module, base64. */
export interface ModuleKeys {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** The modules of one device, kept by the device itself with its own proof, over one HTTPS connection. */
export interface HubModules extends AsyncDisposable {
  list(signal: AbortSignal): Promise<readonly HubModuleIdentity[]>;
  get(moduleId: string, signal: AbortSignal): Promise<HubModuleIdentity>;
  /** Without keys: what is wanted of it is the generationId. */
  create(moduleId: string, signal: AbortSignal): Promise<HubModuleIdentity>;
  /** Gives keys to a module that is there, whatever its version. */
  setKeys(module: HubModuleIdentity, keys: ModuleKeys, signal: AbortSignal): Promise<HubModuleIdentity>;
  remove(moduleId: string, signal: AbortSignal): Promise<void>;
}

/** How a device speaks of its modules. */
export interface HubModulesOptions {
  readonly deviceId: string;
  readonly apiVersion: string;
  /** Certificate and key of an X.509 device. */
  readonly tls?: TlsIdentity | undefined;
  /** Made anew for each request, as a token lives no longer. */
  readonly prove: (signal: AbortSignal) => Promise<RequestProof>;
}

const moduleSchema = z.object({
  moduleId: z.string(),
  deviceId: z.string(),
  generationId: z.string(),
  managedBy: z.string().nullish().default(null),
});

/**
 * Opens nothing before the first request. Every method throws `HubServiceError` for a refusal and `TransportError` when the
 * way there failed.
 *
 * @see Azure IoT Hub registry API: /devices/{deviceId}/modules
 */
export function createHubModules(
  endpoint: TlsEndpoint,
  { deviceId, apiVersion, tls, prove }: HubModulesOptions,
): HubModules {
  const connection = new KeptConnection(endpoint, secureContextFor(endpoint, tls));
  const pathOf = (moduleId?: string): string => {
    const module = moduleId === undefined ? '' : `/${encodeURIComponent(moduleId)}`;
    return `/devices/${encodeURIComponent(deviceId)}/modules${module}?api-version=${apiVersion}`;
  };
  const ask = async (
    { method, moduleId, body, ifMatch }: ModuleRequest,
    signal: AbortSignal,
  ): Promise<HttpResponse> => {
    const proof = await prove(signal);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await connection.exchange(
      {
        method,
        path: pathOf(moduleId),
        headers: {
          Host: hostHeader(endpoint),
          ...(proof.kind === 'sas' ? { Authorization: proof.token } : {}),
          ...(ifMatch ? { 'If-Match': '*' } : {}),
          ...(text === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        },
        body: text,
        withoutConnectionHeader: true,
      },
      signal,
    );
    if (response.status >= 300) throw hubRefusal(response);
    return response;
  };
  return {
    list: async (signal) => read(z.array(moduleSchema), await ask({ method: 'GET' }, signal)),
    get: async (moduleId, signal) => read(moduleSchema, await ask({ method: 'GET', moduleId }, signal)),
    create: async (moduleId, signal) => {
      const body = { moduleId, deviceId };
      return read(moduleSchema, await ask({ method: 'PUT', moduleId, body }, signal));
    },
    setKeys: async ({ moduleId, managedBy }, symmetricKey, signal) => {
      const body = { moduleId, deviceId, managedBy, authentication: { type: 'sas', symmetricKey } };
      return read(moduleSchema, await ask({ method: 'PUT', moduleId, body, ifMatch: true }, signal));
    },
    remove: async (moduleId, signal) => {
      await ask({ method: 'DELETE', moduleId, ifMatch: true }, signal);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

interface ModuleRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly moduleId?: string;
  readonly body?: unknown;
  /** Of any version. */
  readonly ifMatch?: boolean;
}

function read<T>(schema: z.ZodType<T>, { body }: HttpResponse): T {
  try {
    return schema.parse(JSON.parse(body));
  } catch (cause) {
    throw new TransportError('receive', 'HUB_ANSWER_MALFORMED', 'the hub answered with no module', { cause });
  }
}
