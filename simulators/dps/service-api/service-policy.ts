import type { Clock } from '../../kernel/clock.ts';
import { CodecError } from '../../kernel/errors.ts';
import { percentDecoded, sasResourceCovers } from '../../wire/sas-resource.ts';
import { parseSasToken, type SasToken, sasSignatureMatches } from '../../wire/sas-token.ts';
import { type Refusal, refusals } from '../refusal.ts';
import type { DpsRules } from '../rules.ts';
import type { ServiceRoute } from './service-routes.ts';

/** The policy that every instance begins with; it has all rights. */
export const OWNER_POLICY_NAME = 'provisioningserviceowner';

/** What a policy may allow. @see Azure DPS, "Control access to DPS" */
export const serviceRights = [
  'ServiceConfig',
  'EnrollmentRead',
  'EnrollmentWrite',
  'RegistrationStatusRead',
  'RegistrationStatusWrite',
] as const;
export type ServiceRight = (typeof serviceRights)[number];

/** A shared access policy with its key, decoded. */
export interface ServicePolicy {
  readonly name: string;
  readonly key: Uint8Array;
  readonly rights: readonly ServiceRight[];
}

/** What is asked for, as far as a token has a say in it. */
export interface GuardedRequest {
  readonly authorization: string | undefined;
  /** Host header; a port in it is passed over. */
  readonly host: string | undefined;
  /** Request target; a query in it is passed over. */
  readonly target: string;
}

/** Checks the SAS token of a service client: policy, signature, expiry, and that it is for this host and path. */
export function authorize(
  request: GuardedRequest,
  policies: readonly ServicePolicy[],
  clock: Clock,
): { readonly policy: ServicePolicy } | { readonly refusal: Refusal } {
  const token = readToken(request.authorization);
  if ('refusal' in token) return token;
  const name = percentDecoded(token.skn ?? '');
  const policy = policies.find((one) => one.name === name);
  if (policy === undefined) {
    return { refusal: refusals.notAuthorizedHere(`no policy ${name.slice(0, 64) || 'is named'}`) };
  }
  const refusal = refuseToken(token, policy, request, clock);
  return refusal === undefined ? { policy } : { refusal };
}

/** Whether a policy allows what is asked for; undefined where it does. */
export function refuseWithoutRight(
  route: ServiceRoute,
  policy: ServicePolicy,
  rules: DpsRules,
): Refusal | undefined {
  const needed = rightFor[route.action];
  if (policy.rights.includes(needed)) return undefined;
  const refusal = refusals.missingRight(rules['missing-right'] === '403000' ? 403 : 401);
  return refusal(`policy ${policy.name} has no right ${needed}`);
}

/** Keys are for those who may write: a reader is not to impersonate devices. */
const rightFor = {
  get: 'EnrollmentRead',
  query: 'EnrollmentRead',
  keys: 'EnrollmentWrite',
  put: 'EnrollmentWrite',
  delete: 'EnrollmentWrite',
  bulk: 'EnrollmentWrite',
  'get-state': 'RegistrationStatusRead',
  'query-states': 'RegistrationStatusRead',
  'delete-state': 'RegistrationStatusWrite',
} as const satisfies Readonly<Record<ServiceRoute['action'], ServiceRight>>;

function readToken(authorization: string | undefined): SasToken | { readonly refusal: Refusal } {
  if (authorization === undefined) {
    return { refusal: refusals.notAuthorizedHere('no token; a service client signs one') };
  }
  try {
    return parseSasToken(authorization);
  } catch (error) {
    if (error instanceof CodecError) return { refusal: refusals.notAuthorizedHere(error.message) };
    throw error;
  }
}

function refuseToken(
  token: SasToken,
  policy: ServicePolicy,
  { host, target }: GuardedRequest,
  clock: Clock,
): Refusal | undefined {
  if (!sasSignatureMatches(token, policy.key)) {
    return refusals.notAuthorizedHere(`not signed with the key of policy ${policy.name}`);
  }
  if (!sasResourceCovers(token.sr, host ?? '', target.split('?')[0] ?? '')) {
    return refusals.notAuthorizedHere(`the token is for ${token.sr.slice(0, 200)}, not for ${host ?? ''}`);
  }
  const nowSeconds = clock.nowMs() / 1000;
  if (token.se > nowSeconds) return undefined;
  return refusals.notAuthorizedHere(`the token expired ${Math.ceil(nowSeconds - token.se)} s ago`);
}
