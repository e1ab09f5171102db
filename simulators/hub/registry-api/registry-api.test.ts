import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { formatSasToken, signSas } from '../../wire/sas-token.ts';
import type { HubProof } from '../authenticate.ts';
import { HubDirectory } from '../hub-directory.ts';
import { hubPolicyRights } from '../hub-policy.ts';
import type { HubRegistry } from '../hub-registry.ts';
import { answerRegistryRequest } from './registry-api.ts';

const hub = 'hub-1.example';
const key = new Uint8Array(32).fill(9);
const policies = Object.entries(hubPolicyRights).map(([name, rights]) => ({ name, key, rights }));
const keyText = Buffer.alloc(32, 1).toString('base64');

function policyToken(skn: string): HubProof {
  const expirySeconds = Math.floor(Date.now() / 1000) + 600;
  return {
    kind: 'sas',
    token: formatSasToken({ sr: hub, signature: signSas(key, hub, expirySeconds), expirySeconds, skn }),
  };
}

/** A hub, and a way to ask it as a service does. */
function openHub() {
  const registry = new HubDirectory([hub]).find(hub);
  if (registry === undefined) throw new Error('no hub');
  return { registry, ask: askOf(registry) };
}

const askOf =
  (registry: HubRegistry) =>
  (
    method: string,
    path: string,
    body?: unknown,
    { ifMatch, policy = 'iothubowner' }: { ifMatch?: string; policy?: string } = {},
  ) =>
    answerRegistryRequest(
      {
        ...{ registry, method, target: `${path}?api-version=2021-04-12`, proof: policyToken(policy) },
        header: (name) => (name === 'if-match' ? ifMatch : undefined),
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      },
      { policies, clock: systemClock },
    );

describe('the registry API of a hub', () => {
  it('makes a device with new keys where none or empty ones are given', () => {
    const { ask } = openHub();
    const symmetricKey = { primaryKey: '', secondaryKey: '' };
    const made = ask('PUT', '/devices/a', { deviceId: 'a', authentication: { symmetricKey } });
    expect(made).toMatchObject({ status: 200, body: { deviceId: 'a', authentication: { type: 'sas' } } });
    const { body } = made as { body: { authentication: { symmetricKey: { primaryKey: string } } } };
    expect(Buffer.from(body.authentication.symmetricKey.primaryKey, 'base64')).toHaveLength(32);
  });

  it('changes a device only by the version that the client means', () => {
    const { ask } = openHub();
    const made = ask('PUT', '/devices/a', {}) as { body: { etag: string } };
    expect(ask('PUT', '/devices/a', {})).toMatchObject({ errorCode: 409001 });
    expect(ask('PUT', '/devices/a', { status: 'disabled' }, { ifMatch: '"x"' })).toMatchObject({
      errorCode: 412001,
    });
    const changed = ask('PUT', '/devices/a', { status: 'disabled' }, { ifMatch: `"${made.body.etag}"` });
    expect(changed).toMatchObject({ status: 200, body: { status: 'disabled' } });
    expect(ask('DELETE', '/devices/a', undefined, { ifMatch: made.body.etag })).toMatchObject({
      errorCode: 412001,
    });
    expect(ask('DELETE', '/devices/a', undefined, { ifMatch: '*' })).toMatchObject({ status: 204 });
    expect(ask('GET', '/devices/a')).toMatchObject({ name: 'DeviceNotFound' });
  });

  it.each([
    ['GET', '/devices/x', undefined, 404001],
    ['PUT', '/devices/x', {}, 404001, { ifMatch: '*' }],
    ['DELETE', '/devices/x', undefined, 404001],
    ['GET', '/twins/x', undefined, 404001],
    ['GET', '/devices/a/modules/toString', undefined, 404010],
    ['GET', '/devices/a/modules/__proto__', undefined, 404010],
    ['DELETE', '/devices/a/modules/%24edgeAgent', undefined, 401002],
    ['PUT', '/devices/b', { deviceId: 'c' }, 400004],
    ['PUT', '/devices/%20', {}, 400004],
    ['PUT', '/devices/b', { status: 'asleep' }, 400012],
    ['PUT', '/devices/b', { authentication: { type: 'selfSigned' } }, 400004],
    ['PUT', '/devices/b', { authentication: { x509Thumbprint: { primaryThumbprint: 'zz' } } }, 400004],
    ['PUT', '/devices/b', { authentication: { symmetricKey: { primaryKey: 'zz' } } }, 400004],
    ['POST', '/devices/query', { query: 'SELECT deviceId FROM devices' }, 400004],
    ['POST', '/devices', [], 400012],
    [
      'POST',
      '/devices',
      Array.from({ length: 101 }, (_, n) => ({ id: `d${n}`, importMode: 'create' })),
      413002,
    ],
    ['GET', '/nothing', undefined, 404000],
    ['PATCH', '/devices/a', {}, 405000],
    ['GET', '/devices/%zz', undefined, 400004],
  ] as const)(
    'answers %s %s with the documented refusal',
    (method, path, body, errorCode, options?: { ifMatch: string }) => {
      const { ask } = openHub();
      ask('PUT', '/devices/a', { capabilities: { iotEdge: true } });
      expect(ask(method, path, body, options)).toMatchObject({ kind: 'refused', errorCode });
    },
  );

  it.each([
    ['registryRead', 'GET', '/devices/a', 200],
    ['registryRead', 'PUT', '/devices/b', 401],
    ['registryRead', 'GET', '/twins/a', 401],
    ['registryReadWrite', 'PUT', '/devices/b', 200],
    ['service', 'GET', '/twins/a', 200],
    ['service', 'GET', '/devices/a', 401],
    ['device', 'GET', '/devices/a', 401],
    ['nobody', 'GET', '/devices/a', 401],
  ])('lets the policy %s do what it may: %s %s is %i', (policy, method, path, status) => {
    const { ask } = openHub();
    ask('PUT', '/devices/a', {});
    expect(ask(method, path, method === 'PUT' ? {} : undefined, { policy })).toMatchObject({ status });
  });

  it('runs each item of a bulk operation for itself', () => {
    const { ask } = openHub();
    ask('PUT', '/devices/a', {});
    const bulk = ask('POST', '/devices', [
      { id: 'a', importMode: 'create' },
      { id: 'a', importMode: 'Update', status: 'disabled' },
      { id: 'b', importMode: 'createOrUpdate' },
      { id: 'c', importMode: 'Delete' },
      { id: 'd', importMode: 'paint' },
    ]);
    expect(bulk).toMatchObject({
      status: 400,
      body: {
        isSuccessful: false,
        errors: [
          { deviceId: 'a', errorCode: 'DeviceAlreadyExists' },
          { deviceId: 'c', errorCode: 'DeviceNotFound' },
          { deviceId: 'd', errorCode: 'ArgumentInvalid' },
        ],
      },
    });
    expect(ask('GET', '/devices/a')).toMatchObject({ body: { status: 'disabled' } });
    expect(ask('GET', '/statistics/devices')).toMatchObject({
      body: { totalDeviceCount: 2, disabledDeviceCount: 1 },
    });
  });

  it('keeps modules as identity-service asks: created without keys, then given them', () => {
    const { ask } = openHub();
    ask('PUT', '/devices/a', { capabilities: { iotEdge: true } });
    expect(ask('PUT', '/devices/a/modules/m', { moduleId: 'm', deviceId: 'a' })).toMatchObject({
      status: 200,
    });
    expect(ask('PUT', '/devices/a/modules/m', {})).toMatchObject({ errorCode: 409301 });
    const authentication = { type: 'sas', symmetricKey: { primaryKey: keyText, secondaryKey: keyText } };
    const given = ask('PUT', '/devices/a/modules/m', { managedBy: 'x', authentication }, { ifMatch: '*' });
    expect(given).toMatchObject({
      body: { managedBy: 'x', authentication: { symmetricKey: { primaryKey: keyText } } },
    });
    expect(ask('GET', '/devices/a/modules')).toMatchObject({
      body: [{ moduleId: '$edgeAgent' }, { moduleId: '$edgeHub' }, { moduleId: 'm' }],
    });
    expect(ask('DELETE', '/devices/a/modules/m', undefined, { ifMatch: '*' })).toMatchObject({ status: 204 });
  });

  it('patches and replaces twins of devices and modules', () => {
    const { ask } = openHub();
    ask('PUT', '/devices/a', { capabilities: { iotEdge: true } });
    ask('PATCH', '/twins/a', { tags: { x: 1, y: 2 } });
    expect(ask('PATCH', '/twins/a', { tags: { x: null } }, { ifMatch: '*' })).toMatchObject({
      body: { tags: { y: 2 } },
    });
    expect(ask('PUT', '/twins/a', { tags: { z: 3 } })).toMatchObject({ body: { tags: { z: 3 } } });
    expect(ask('PATCH', '/twins/a', {}, { ifMatch: '"old"' })).toMatchObject({ errorCode: 412001 });
    const path = '/twins/a/modules/%24edgeHub';
    expect(ask('PATCH', path, { properties: { desired: { on: true } } })).toMatchObject({
      body: { moduleId: '$edgeHub', properties: { desired: { on: true, $version: 2 } } },
    });
  });
});
