import type { HubRight } from '../hub-policy.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';

/** What a request to the registry API is for. */
export type RegistryRoute =
  | { readonly action: 'list-devices' | 'bulk' | 'query' | 'statistics' | 'service-statistics' }
  | {
      readonly action: 'get-device' | 'put-device' | 'delete-device' | 'list-modules' | 'apply-configuration';
      readonly deviceId: string;
    }
  | {
      readonly action: 'get-module' | 'put-module' | 'delete-module';
      readonly deviceId: string;
      readonly moduleId: string;
    }
  | {
      readonly action: 'get-twin' | 'patch-twin' | 'replace-twin';
      readonly deviceId: string;
      readonly moduleId: string | undefined;
    };

type ByMethod = Readonly<Record<string, RegistryRoute>>;

/**
 * Finds what a request is for.
 *
 * @param path without its query, still percent-encoded, e.g. `/devices/dev-01/modules/%24edgeAgent`
 */
export function matchRegistryRoute(
  method: string,
  path: string,
): { readonly kind: 'matched'; readonly route: RegistryRoute; readonly right: HubRight } | HubRefusal {
  const segments = decodeSegments(path);
  if (segments === undefined) return hubRefusals.argumentInvalid('the path is not percent-encoded UTF-8');
  const byMethod = routesOf(segments);
  if (byMethod === undefined) return hubRefusals.pathNotFound(`no such path: ${path.slice(0, 200)}`);
  const route = byMethod[method];
  if (route === undefined) {
    const allowed = Object.keys(byMethod).join(', ');
    return hubRefusals.methodNotAllowed(`${method} on ${path.slice(0, 200)}, which takes ${allowed}`);
  }
  return { kind: 'matched', route, right: rightOf(route, method) };
}

/** Twins belong to those who connect as services, identities to those who keep the registry. */
function rightOf({ action }: RegistryRoute, method: string): HubRight {
  if (action.endsWith('twin') || action === 'apply-configuration') return 'ServiceConnect';
  return method === 'GET' || action === 'query' ? 'RegistryRead' : 'RegistryWrite';
}

function routesOf([collection, deviceId, below, moduleId, ...rest]: readonly string[]): ByMethod | undefined {
  if (rest.length > 0) return undefined;
  switch (collection?.toLowerCase()) {
    case 'devices':
      return deviceRoutes(deviceId, below?.toLowerCase(), moduleId);
    case 'twins':
      return twinRoutes(deviceId, below?.toLowerCase(), moduleId);
    case 'statistics':
      if (below !== undefined) return undefined;
      if (deviceId === 'devices') return { GET: { action: 'statistics' } };
      return deviceId === 'service' ? { GET: { action: 'service-statistics' } } : undefined;
    default:
      return undefined;
  }
}

function deviceRoutes(
  deviceId: string | undefined,
  below: string | undefined,
  moduleId: string | undefined,
): ByMethod | undefined {
  if (!deviceId) {
    return below === undefined ? { GET: { action: 'list-devices' }, POST: { action: 'bulk' } } : undefined;
  }
  if (below === undefined) {
    return {
      GET: { action: 'get-device', deviceId },
      PUT: { action: 'put-device', deviceId },
      DELETE: { action: 'delete-device', deviceId },
      ...(deviceId === 'query' ? { POST: { action: 'query' } } : {}),
    };
  }
  if (below === 'applyconfigurationcontent' && moduleId === undefined) {
    return { POST: { action: 'apply-configuration', deviceId } };
  }
  if (below !== 'modules') return undefined;
  if (!moduleId) return { GET: { action: 'list-modules', deviceId } };
  return {
    GET: { action: 'get-module', deviceId, moduleId },
    PUT: { action: 'put-module', deviceId, moduleId },
    DELETE: { action: 'delete-module', deviceId, moduleId },
  };
}

function twinRoutes(
  deviceId: string | undefined,
  below: string | undefined,
  moduleId: string | undefined,
): ByMethod | undefined {
  if (!deviceId || (below !== undefined && (below !== 'modules' || !moduleId))) return undefined;
  return {
    GET: { action: 'get-twin', deviceId, moduleId },
    PATCH: { action: 'patch-twin', deviceId, moduleId },
    PUT: { action: 'replace-twin', deviceId, moduleId },
  };
}

/** Decoded after the path is split: an encoded slash belongs to its segment. */
function decodeSegments(path: string): string[] | undefined {
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
