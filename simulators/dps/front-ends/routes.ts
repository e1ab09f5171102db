import { type Refusal, refusals } from '../refusal.ts';

export type Route =
  | { readonly kind: 'register' | 'lookup'; readonly idScope: string; readonly registrationId: string }
  | {
      readonly kind: 'operation';
      readonly idScope: string;
      readonly registrationId: string;
      readonly operationId: string;
    };

export type Matched =
  | { readonly kind: 'matched'; readonly route: Route; readonly apiVersion: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly route?: Route };

const methods: Readonly<Record<Route['kind'], string>> = {
  register: 'PUT',
  lookup: 'POST',
  operation: 'GET',
};

/** Versions that clients send and that specifications name; docs/fidelity.md says who sends which. */
const apiVersions: ReadonlySet<string> = new Set([
  '2017-08-31-preview',
  '2017-11-15',
  '2018-04-01',
  '2018-09-01-preview',
  '2018-11-01',
  '2019-03-31',
  '2019-04-15',
  '2021-06-01',
  '2021-10-01',
  '2021-11-01-preview',
  '2025-07-01-preview',
  '2026-11-01',
  '2026-11-02-preview',
  '2026-11-15-preview',
]);

/**
 * Finds what a request is for.
 *
 * @param target the request target, e.g. `/0ne00D95819/registrations/dev-01/register?api-version=2021-06-01`
 */
export function matchRoute(method: string, target: string): Matched {
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const segments = decodeSegments(path);
  if (segments === undefined)
    return refused(refusals.invalidArgument('the path is not percent-encoded UTF-8'));
  if (segments[2]?.toLowerCase() === 'registrations' && !segments[3]) {
    return refused(refusals.methodNotAllowed('the path has no registrationId'));
  }
  const route = routeOf(segments);
  if (route === undefined) return refused(refusals.pathNotFound(`no such path: ${path.slice(0, 200)}`));
  if (methods[route.kind] !== method) {
    const reason = `${method} on ${route.kind}, ${methods[route.kind]} is needed`;
    return refused(refusals.methodNotAllowed(reason), route);
  }
  const query = new URLSearchParams(question === -1 ? '' : target.slice(question + 1));
  const apiVersion = query.get('api-version');
  if (apiVersion === null || !apiVersions.has(apiVersion)) {
    const reason = `api-version ${apiVersion?.slice(0, 40) ?? 'is missing'}`;
    return refused(refusals.unknownApiVersion(reason), route);
  }
  return { kind: 'matched', route, apiVersion };
}

const refused = (refusal: Refusal, route?: Route): Matched => ({
  kind: 'refused',
  refusal,
  ...(route === undefined ? {} : { route }),
});

function routeOf(segments: readonly string[]): Route | undefined {
  const [empty, idScope, registrations, registrationId, verb, operationId, ...rest] = segments;
  if (empty !== '' || !idScope || registrations?.toLowerCase() !== 'registrations' || !registrationId) {
    return undefined;
  }
  if (rest.length > 0) return undefined;
  if (verb === undefined) return { kind: 'lookup', idScope, registrationId };
  if (verb.toLowerCase() === 'register' && operationId === undefined) {
    return { kind: 'register', idScope, registrationId };
  }
  if (verb.toLowerCase() === 'operations' && operationId) {
    return { kind: 'operation', idScope, registrationId, operationId };
  }
  return undefined;
}

/** Decoded after the path is split: an encoded slash belongs to its segment. */
function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split('/').map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
  } catch {
    return undefined;
  }
}
