import type { Clock } from '../../kernel/clock.ts';
import type { EnrollmentKind } from '../../wire/constants.ts';
import { etagMatches } from '../../wire/etag.ts';
import type { EnrollmentStore } from '../enrollment-store.ts';
import type { Quotas } from '../quotas.ts';
import { type Refusal, refusals } from '../refusal.ts';
import type { RegistrationRegistry } from '../registration-registry.ts';
import type { DpsRules } from '../rules.ts';
import { runBulkOperation } from './bulk-operation.ts';
import {
  deleteEnrollment,
  findEnrollment,
  putEnrollment,
  staleEtag,
  unknownEnrollment,
} from './enrollment-changes.ts';
import { attestationResource, enrollmentResource } from './enrollment-resource.ts';
import { continuationAfter, readQuery } from './query.ts';
import { authorize, refuseWithoutRight, type ServicePolicy } from './service-policy.ts';
import { matchServiceRoute, type ServiceRoute } from './service-routes.ts';

export interface ServiceApiParts {
  readonly policies: readonly ServicePolicy[];
  readonly rules: DpsRules;
  readonly clock: Clock;
  readonly enrollments: EnrollmentStore;
  readonly registry: RegistrationRegistry;
  readonly quotas: Quotas;
}

/** A request to the service API, whatever carries it. */
export interface ServiceRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** By lower-cased name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

type Headers = Readonly<Record<string, string>>;
export type ServiceAnswer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Headers }
  | { readonly refusal: Refusal };

/** The service API (data plane) of an instance: enrollments, groups and registration states for those who hold a policy's key. */
export type ServiceApi = (request: ServiceRequest) => ServiceAnswer;

/** Whose members a query selects, and what its answers are called. */
const collections = {
  individual: { from: 'enrollments', itemType: 'Enrollment' },
  group: { from: 'enrollmentGroups', itemType: 'EnrollmentGroup' },
} as const;

/** Makes the service API over the store and registry that the device API uses. */
export function createServiceApi(parts: ServiceApiParts): ServiceApi {
  return (request) => {
    const { method, target, header } = request;
    const guarded = { authorization: header('authorization'), host: header('host'), target };
    const authorized = authorize(guarded, parts.policies, parts.clock);
    if ('refusal' in authorized) return authorized;
    const throttled = parts.quotas.refuseServiceOperation();
    if (throttled !== undefined) return { refusal: throttled };
    const matched = matchServiceRoute(method, target);
    if ('refusal' in matched) return matched;
    const unfit = refuseWithoutRight(matched.route, authorized.policy, parts.rules);
    if (unfit !== undefined) return { refusal: unfit };
    const read = readJson(request);
    return 'refusal' in read ? read : answer(matched.route, read.body, header, parts);
  };
}

function answer(
  route: ServiceRoute,
  body: unknown,
  header: ServiceRequest['header'],
  parts: ServiceApiParts,
): ServiceAnswer {
  const { enrollments, registry } = parts;
  const ifMatch = header('if-match');
  switch (route.action) {
    case 'get': {
      const stored = findEnrollment(enrollments, route.kind, route.id);
      if (stored === undefined) return { refusal: unknownEnrollment(route.kind, route.id) };
      return { status: 200, body: resourceOf(stored, 'masked', route.kind, parts) };
    }
    case 'keys': {
      const stored = findEnrollment(enrollments, route.kind, route.id);
      if (stored === undefined) return { refusal: unknownEnrollment(route.kind, route.id) };
      return { status: 200, body: attestationResource(stored.enrollment.attestation, 'shown') };
    }
    case 'put': {
      const changed = putEnrollment(parts, route.kind, { id: route.id, body, ifMatch });
      if ('refusal' in changed) return changed;
      return { status: 200, body: resourceOf(changed.stored, 'shown', route.kind, parts) };
    }
    case 'delete':
      return noContent(deleteEnrollment(parts, route.kind, { id: route.id, ifMatch }));
    case 'bulk': {
      const run = runBulkOperation(parts, route.kind, body);
      return 'refusal' in run ? run : { status: 200, body: run.result };
    }
    case 'query':
      return queryEnrollments(route.kind, body, header, parts);
    case 'query-states':
      return queryStates(route.id, body, header, parts);
    case 'get-state': {
      const state = registry.state(route.id);
      return state === undefined ? { refusal: unknownState(route.id) } : { status: 200, body: state };
    }
    case 'delete-state': {
      const state = registry.state(route.id);
      if (state === undefined) return { refusal: unknownState(route.id) };
      if (ifMatch !== undefined && !etagMatches(ifMatch, state.etag ?? '')) {
        return { refusal: staleEtag(route.id) };
      }
      registry.remove(route.id);
      return noContent(undefined);
    }
  }
}

function queryEnrollments(
  kind: EnrollmentKind,
  body: unknown,
  header: ServiceRequest['header'],
  parts: ServiceApiParts,
): ServiceAnswer {
  const { from, itemType } = collections[kind];
  const read = readQuery(body, from, pageHeaders(header));
  if ('refusal' in read) return read;
  const { entries, isLast } = parts.enrollments.page(kind, read.page.after, read.page.limit);
  const items = entries.map((stored) => resourceOf(stored, 'masked', kind, parts));
  return pageAnswer(items, itemType, isLast ? undefined : entries.at(-1)?.stamp.sequence);
}

function queryStates(
  groupId: string,
  body: unknown,
  header: ServiceRequest['header'],
  { enrollments, registry }: ServiceApiParts,
): ServiceAnswer {
  const read = readQuery(body, 'deviceRegistrations', pageHeaders(header));
  if ('refusal' in read) return read;
  if (enrollments.group(groupId) === undefined) return { refusal: unknownEnrollment('group', groupId) };
  const { states, next } = registry.statesOf(groupId, read.page);
  return pageAnswer(states, 'DeviceRegistration', next);
}

/** The item type must be there also when nothing was found, and a continuation only when more follows. */
const pageAnswer = (
  items: readonly unknown[],
  itemType: string,
  next: number | undefined,
): ServiceAnswer => ({
  status: 200,
  body: items,
  headers: {
    'x-ms-item-type': itemType,
    'x-ms-max-item-count': String(items.length),
    ...(next === undefined ? {} : { 'x-ms-continuation': continuationAfter(next) }),
  },
});

const pageHeaders = (header: ServiceRequest['header']) => ({
  maxItemCount: header('x-ms-max-item-count'),
  continuation: header('x-ms-continuation'),
});

const resourceOf = (
  stored: Parameters<typeof enrollmentResource>[0],
  keys: 'shown' | 'masked',
  kind: EnrollmentKind,
  { registry }: ServiceApiParts,
): unknown => {
  const registrationState = kind === 'individual' ? registry.state(stored.enrollmentId) : undefined;
  return enrollmentResource(stored, { keys, registrationState });
};

const unknownState = (id: string): Refusal =>
  refusals.registrationNotFound(`no registration of ${id.slice(0, 128)}`);

const noContent = (refusal: Refusal | undefined): ServiceAnswer =>
  refusal === undefined ? { status: 204 } : { refusal };

/** A body is JSON, or there is none. */
function readJson({
  header,
  body,
}: ServiceRequest): { readonly body: unknown } | { readonly refusal: Refusal } {
  if (body.length === 0) return { body: undefined };
  const contentType = header('content-type') ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    return {
      refusal: refusals.unsupportedMediaType(`content type ${contentType.slice(0, 100)}, JSON is needed`),
    };
  }
  try {
    return { body: JSON.parse(body.toString('utf8')) as unknown };
  } catch {
    return { refusal: refusals.malformedBody('the body is not JSON') }; // the parser's words would quote keys
  }
}
