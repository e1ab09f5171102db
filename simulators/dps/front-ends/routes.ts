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
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const methods: Readonly<Record<Route['kind'], string>> = {
  register: 'PUT',
  lookup: 'POST',
  operation: 'GET',
};

/** Versions that published clients and specifications name (docs/fidelity.md says who sends which). */
const apiVersions = new Set([
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
]);

const refused = (refusal: Refusal): Matched => ({ kind: 'refused', refusal });

/** Finds what a request is for. @param target the request target, e.g. `/0ne…/registrations/dev-01/register?api-version=…` */
export function matchRoute(method: string, target: string): Matched {
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const segments = decodeSegments(path);
  if (segments === undefined)
    return refused(refusals.invalidArgument('the path is not percent-encoded UTF-8'));
  const route = routeOf(segments);
  if (route === undefined) return refused(refusals.pathNotFound(`no such path: ${path.slice(0, 200)}`));
  if (methods[route.kind] !== method) {
    return refused(refusals.methodNotAllowed(`${method} on ${route.kind}, ${methods[route.kind]} is needed`));
  }
  const apiVersion = new URLSearchParams(question === -1 ? '' : target.slice(question + 1)).get(
    'api-version',
  );
  if (apiVersion === null || !apiVersions.has(apiVersion)) {
    return refused(refusals.unknownApiVersion(`api-version ${apiVersion ?? 'is missing'}`));
  }
  return { kind: 'matched', route, apiVersion };
}

function routeOf([
  empty,
  idScope,
  registrations,
  registrationId,
  verb,
  operationId,
  ...rest
]: readonly string[]): Route | undefined {
  if (
    empty !== '' ||
    !idScope ||
    registrations?.toLowerCase() !== 'registrations' ||
    !registrationId ||
    rest.length > 0
  )
    return undefined;
  if (verb === undefined) return { kind: 'lookup', idScope, registrationId };
  if (verb.toLowerCase() === 'register' && operationId === undefined)
    return { kind: 'register', idScope, registrationId };
  if (verb.toLowerCase() === 'operations' && operationId)
    return { kind: 'operation', idScope, registrationId, operationId };
  return undefined;
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split('/').map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
  } catch {
    return undefined;
  }
}
