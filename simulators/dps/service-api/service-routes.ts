import type { EnrollmentKind } from '../../wire/constants.ts';
import { type Refusal, refusals } from '../refusal.ts';

/** What a request to the service API is for. */
export type ServiceRoute =
  | { readonly action: 'get' | 'put' | 'delete' | 'keys'; readonly kind: EnrollmentKind; readonly id: string }
  | { readonly action: 'query' | 'bulk'; readonly kind: EnrollmentKind }
  | {
      readonly action: 'get-state' | 'delete-state' | 'query-states';
      /** registrationId, or for the query an enrollmentGroupId. */
      readonly id: string;
    };

/** Versions that service clients send and that specifications name. */
const apiVersions: ReadonlySet<string> = new Set([
  '2017-11-15',
  '2018-04-01',
  '2018-09-01-preview',
  '2018-11-01',
  '2019-03-31',
  '2021-06-01',
  '2021-10-01',
  '2025-07-01-preview',
  '2026-11-01',
  '2026-11-02-preview',
  '2026-11-15-preview',
]);

const collections: ReadonlyMap<string, EnrollmentKind | 'states'> = new Map([
  ['enrollments', 'individual'],
  ['enrollmentgroups', 'group'],
  ['registrations', 'states'],
]);

/** Whether a request target is one of the service API: the device API's paths begin with an idScope. */
export const isServicePath = (target: string): boolean =>
  collections.has((/^\/([^/?]*)/.exec(target)?.[1] ?? '').toLowerCase());

/**
 * Finds what a request is for. Fixed parts of a path are read without regard to case: the Node client spells them its own way.
 *
 * @param target the request target, e.g. `/enrollments/dev-01?api-version=2021-10-01`
 */
export function matchServiceRoute(
  method: string,
  target: string,
): { readonly route: ServiceRoute } | { readonly refusal: Refusal } {
  const [path = '', ...query] = target.split('?');
  const apiVersion = new URLSearchParams(query.join('?')).get('api-version');
  if (apiVersion === null || !apiVersions.has(apiVersion)) {
    return { refusal: refusals.unknownApiVersion(`api-version ${apiVersion?.slice(0, 40) ?? 'is missing'}`) };
  }
  const segments = decodeSegments(path);
  if (segments === undefined) {
    return { refusal: refusals.invalidArgument('the path is not percent-encoded UTF-8') };
  }
  const [collection = '', id = '', verb, ...rest] = segments;
  const kind = collections.get(collection.toLowerCase());
  if (kind === undefined || rest.length > 0)
    return { refusal: refusals.pathNotFound(`no such path: ${path}`) };
  const byMethod =
    kind === 'states'
      ? stateRoutes(id, verb?.toLowerCase())
      : enrollmentRoutes(kind, id, verb?.toLowerCase());
  if (byMethod === undefined) return { refusal: refusals.pathNotFound(`no such path: ${path}`) };
  const route = byMethod[method];
  if (route !== undefined) return { route };
  const allowed = Object.keys(byMethod).join(', ') || 'nothing without an id';
  return { refusal: refusals.methodNotAllowed(`${method} on ${path}, which takes ${allowed}`) };
}

type ByMethod = Readonly<Record<string, ServiceRoute>>;

function enrollmentRoutes(kind: EnrollmentKind, id: string, verb: string | undefined): ByMethod | undefined {
  if (id === '') return verb === undefined ? { POST: { action: 'bulk', kind } } : undefined;
  if (verb === 'attestationmechanism') return { POST: { action: 'keys', kind, id } };
  if (verb !== undefined) return undefined;
  return {
    GET: { action: 'get', kind, id },
    PUT: { action: 'put', kind, id },
    DELETE: { action: 'delete', kind, id },
    ...(id.toLowerCase() === 'query' ? { POST: { action: 'query', kind } } : {}),
  };
}

function stateRoutes(id: string, verb: string | undefined): ByMethod | undefined {
  if (id === '') return verb === undefined ? {} : undefined;
  if (verb === 'query') return { POST: { action: 'query-states', id } };
  if (verb !== undefined) return undefined;
  return { GET: { action: 'get-state', id }, DELETE: { action: 'delete-state', id } };
}

/** Decoded after the path is split: an encoded slash belongs to its segment. */
function decodeSegments(path: string): string[] | undefined {
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
