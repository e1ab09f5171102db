import { checkDeviceProof, checkPolicyToken, type HubProof, type ProofContext } from '../authenticate.ts';
import { moduleOf } from '../hub-identity.ts';
import type { HubRight } from '../hub-policy.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { HubRegistry } from '../hub-registry.ts';
import { runBulk } from './bulk.ts';
import { deleteDevice, deleteModule, putDevice, putModule, unknownDevice } from './change-device.ts';
import { changeTwin, getTwin } from './change-twin.ts';
import { deviceBody, moduleBody, readBodyAs } from './identity-body.ts';
import { identityResource, moduleResource, twinResource } from './identity-resource.ts';
import { matchRegistryRoute, type RegistryRoute } from './registry-routes.ts';

/** A request to the registry API of one hub. */
export interface RegistryRequest {
  readonly registry: HubRegistry;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly proof: HubProof;
  /** By lower-cased name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** An answer with a body that becomes JSON; 204 has none. */
export type RegistryAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | HubRefusal;

/** Identities in one answer, as published. */
const LIST_LIMIT = 1000;

/** The identity registry of a hub for those who hold a policy's key; a device may keep its own modules. */
export function answerRegistryRequest(request: RegistryRequest, parts: ProofContext): RegistryAnswer {
  const { method, target, body: bytes } = request;
  const [path = '', query = ''] = target.split('?');
  const matched = matchRegistryRoute(method, path);
  if (matched.kind === 'refused') return matched;
  const refusal = refuseUnlessAllowed(request, path, matched.route, matched.right, parts);
  if (refusal !== undefined) return refusal;
  if (!new URLSearchParams(query).has('api-version')) {
    return hubRefusals.invalidApiVersion('api-version is missing');
  }
  const body = readJson(bytes);
  if (body.kind === 'refused') return body;
  return run(matched.route, body.value, request, { ...parts, top: topOf(query) });
}

/** A device, or a module of it, may read and write the modules of that device with its own proof. */
function refuseUnlessAllowed(
  { proof, registry }: RegistryRequest,
  path: string,
  route: RegistryRoute,
  right: HubRight,
  proofs: ProofContext,
): HubRefusal | undefined {
  const ofDevice = 'deviceId' in route && route.action.includes('module') ? route.deviceId : undefined;
  const isPolicyToken = proof.kind === 'sas' && /[&\s]skn=[^&]/.test(proof.token);
  if (ofDevice === undefined || isPolicyToken) {
    const { policies, clock } = proofs;
    return checkPolicyToken(proof, { right, host: registry.hostName, path }, policies, clock);
  }
  const identity = registry.get(ofDevice);
  if (identity === undefined) return hubRefusals.unauthorized(`no device ${ofDevice.slice(0, 128)}`);
  const subject = { hub: registry.hostName, identity, module: undefined };
  const refusal = checkDeviceProof(proof, subject, proofs);
  if (refusal !== undefined || identity.status === 'enabled') return refusal;
  return hubRefusals.unauthorized(`${identity.deviceId} is disabled`);
}

function run(
  route: RegistryRoute,
  body: unknown,
  { registry, header }: RegistryRequest,
  { clock, top }: ProofContext & { readonly top: number },
): RegistryAnswer {
  const ifMatch = header('if-match');
  const nowMs = clock.nowMs();
  switch (route.action) {
    case 'list-devices':
      return ok(Array.from(registry.list().take(top), identityResource));
    case 'statistics':
      return ok(statistics(registry));
    case 'service-statistics':
      return ok({ connectedDeviceCount: 0 });
    case 'bulk': {
      const result = runBulk(registry, body, nowMs);
      return 'kind' in result ? result : ok(result, result.isSuccessful ? 200 : 400);
    }
    case 'query':
      return runQuery(registry, body, header);
    case 'get-device': {
      const identity = registry.get(route.deviceId);
      return identity === undefined ? unknownDevice(route.deviceId) : ok(identityResource(identity));
    }
    case 'put-device': {
      const read = readBodyAs(deviceBody, body);
      if ('kind' in read) return read;
      const put = putDevice(registry, { deviceId: route.deviceId, ifMatch }, read.value, nowMs);
      return put.kind === 'refused' ? put : ok(identityResource(put.value));
    }
    case 'delete-device':
      return deleteDevice(registry, { deviceId: route.deviceId, ifMatch }) ?? noContent;
    case 'list-modules': {
      const identity = registry.get(route.deviceId);
      if (identity === undefined) return unknownDevice(route.deviceId);
      return ok(Object.values(identity.modules).map(moduleResource));
    }
    case 'get-module': {
      const identity = registry.get(route.deviceId);
      if (identity === undefined) return unknownDevice(route.deviceId);
      const module = moduleOf(identity, route.moduleId);
      return module === undefined ? unknownModule(route) : ok(moduleResource(module));
    }
    case 'put-module': {
      const read = readBodyAs(moduleBody, body ?? {});
      if ('kind' in read) return read;
      const put = putModule(registry, { ...route, ifMatch }, read.value);
      if (put.kind === 'refused') return put;
      const module = moduleOf(put.value, route.moduleId);
      return module === undefined ? unknownModule(route) : ok(moduleResource(module));
    }
    case 'delete-module':
      return deleteModule(registry, { ...route, ifMatch }) ?? noContent;
    case 'get-twin':
      return answerOf(getTwin(registry, route));
    case 'patch-twin':
      return answerOf(changeTwin(registry, { ...route, ifMatch }, 'patch', body));
    case 'replace-twin':
      return answerOf(changeTwin(registry, { ...route, ifMatch }, 'replace', body));
    case 'apply-configuration': {
      const identity = registry.get(route.deviceId);
      return identity === undefined ? unknownDevice(route.deviceId) : noContent;
    }
  }
}

/** Only whole registries are asked for here: `SELECT * FROM devices`, page by page. */
function runQuery(registry: HubRegistry, body: unknown, header: RegistryRequest['header']): RegistryAnswer {
  const text = (body as { query?: unknown } | undefined)?.query;
  if (typeof text !== 'string' || !/^\s*select\s+\*\s+from\s+devices\s*;?\s*$/i.test(text)) {
    return hubRefusals.argumentInvalid('only SELECT * FROM devices is understood');
  }
  const limit = Math.min(LIST_LIMIT, Math.max(1, Number(header('x-ms-max-item-count') ?? LIST_LIMIT) || 1));
  const after = Number(header('x-ms-continuation') ?? 0) || 0;
  const rest = registry.list().drop(after);
  const twins = Array.from(rest.take(limit + 1), (identity) => twinResource(identity));
  const hasMore = twins.length > limit;
  return {
    ...ok(twins.slice(0, limit)),
    headers: {
      'x-ms-item-type': 'Twin',
      ...(hasMore ? { 'x-ms-continuation': String(after + limit) } : {}),
    },
  };
}

function statistics(registry: HubRegistry) {
  let totalDeviceCount = 0;
  let disabledDeviceCount = 0;
  for (const { status } of registry.list()) {
    totalDeviceCount += 1;
    if (status === 'disabled') disabledDeviceCount += 1;
  }
  const enabledDeviceCount = totalDeviceCount - disabledDeviceCount;
  return { totalDeviceCount, enabledDeviceCount, disabledDeviceCount };
}

const ok = (body: unknown, status = 200) => ({ kind: 'answered', status, body }) as const;
const noContent = { kind: 'answered', status: 204 } as const;

const answerOf = (result: object | HubRefusal): RegistryAnswer => ('kind' in result ? result : ok(result));

const unknownModule = (route: { readonly deviceId: string; readonly moduleId: string }): HubRefusal =>
  hubRefusals.moduleNotFound(`${route.deviceId.slice(0, 128)} has no module ${route.moduleId.slice(0, 128)}`);

function topOf(query: string): number {
  const top = Number(new URLSearchParams(query).get('top') ?? LIST_LIMIT);
  return Number.isInteger(top) && top > 0 ? Math.min(top, LIST_LIMIT) : LIST_LIMIT;
}

function readJson(bytes: Buffer): { readonly kind: 'read'; readonly value: unknown } | HubRefusal {
  if (bytes.length === 0) return { kind: 'read', value: undefined };
  try {
    return { kind: 'read', value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return hubRefusals.deserialization('the body is not JSON'); // the parser's words would quote keys
  }
}
