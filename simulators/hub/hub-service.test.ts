import { describe, expect, it } from 'vitest';
import { toBase64 } from '../kernel/bytes.ts';
import { systemClock } from '../kernel/clock.ts';
import { pemToDer } from '../pki/pem.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { formatSasToken, signSas } from '../wire/sas-token.ts';
import type { HubProof } from './authenticate.ts';
import { HubDirectory } from './hub-directory.ts';
import { hubPolicyRights } from './hub-policy.ts';
import { createIdentity, createModule } from './hub-registry.ts';
import { createHubService } from './hub-service.ts';

const hub = 'hub-1.example';
const key = new Uint8Array(32).fill(7);
const policyKey = new Uint8Array(32).fill(9);
const sas = { type: 'sas', primaryKey: toBase64(new Uint8Array(32)), secondaryKey: toBase64(key) } as const;

const pki = await createTestPki();
const [own, other] = await Promise.all(
  ['dev-x', 'dev-y'].map(async (name) => {
    const { chainPem } = await pki.issueServerCertificate({ names: [name] });
    return pemToDer(chainPem.slice(0, chainPem.indexOf('-----END CERTIFICATE-----') + 26));
  }),
);
if (own === undefined || other === undefined) throw new Error('no certificates');
const { createHash } = await import('node:crypto');
const thumbprint = (der: Uint8Array, algorithm: string) => createHash(algorithm).update(der).digest('hex');

const directory = new HubDirectory([hub, 'hub-2.example']);
const registry = directory.find(hub);
const selfSigned = { type: 'selfSigned', secondaryThumbprint: null } as const;
registry?.put(createIdentity({ deviceId: 'dev-s', authentication: sas }));
registry?.put(createIdentity({ deviceId: 'dev-off', authentication: sas, status: 'disabled' }));
registry?.put(
  createIdentity({
    deviceId: 'dev-x',
    authentication: { ...selfSigned, primaryThumbprint: thumbprint(own, 'sha1') },
  }),
);
const edge = createIdentity({ deviceId: 'edge', authentication: sas, iotEdge: true });
const module = createModule('edge', 'm', { authentication: { ...sas, primaryKey: toBase64(policyKey) } });
registry?.put({ ...edge, modules: { ...edge.modules, m: module } });

const policies = Object.entries(hubPolicyRights).map(([name, rights]) => ({ name, key: policyKey, rights }));
const service = createHubService({ directory, policies, clock: systemClock });

function token(
  sr: string,
  options: { signedWith?: Uint8Array; lifeSeconds?: number; skn?: string } = {},
): HubProof {
  const { signedWith = key, lifeSeconds = 600, skn } = options;
  const expirySeconds = Math.floor(Date.now() / 1000) + lifeSeconds;
  const encoded = encodeURIComponent(sr);
  const signature = signSas(signedWith, encoded, expirySeconds);
  return { kind: 'sas', token: formatSasToken({ sr: encoded, signature, expirySeconds, skn }) };
}
const certificate = (leaf: Uint8Array): HubProof => ({ kind: 'certificate', chain: [leaf] });

describe('a hub', () => {
  it.each([
    ['a token with its secondary key', 'dev-s', token(`${hub}/devices/dev-s`)],
    ['a lower-cased resource', 'dev-s', token(`${hub}/devices/dev-s`.toUpperCase().toLowerCase())],
    [
      'a token of a policy that may connect devices',
      'dev-s',
      token(hub, { signedWith: policyKey, skn: 'device' }),
    ],
    ['the certificate that it knows by SHA-1', 'dev-x', certificate(own)],
  ])('lets a device in by %s', (_what, deviceId, proof) => {
    expect(service.connect({ hub, deviceId }, proof)).toMatchObject({ kind: 'connected' });
  });

  it.each([
    ['its own key', token(`${hub}/devices/edge/modules/m`, { signedWith: policyKey })],
    ['the key of its device', token(`${hub}/devices/edge`)],
  ])('lets a module in by %s', (_what, proof) => {
    expect(service.connect({ hub, deviceId: 'edge', moduleId: 'm' }, proof)).toMatchObject({
      module: { moduleId: 'm' },
    });
  });

  it.each([
    ['an unknown device', { deviceId: 'dev-n' }, token(`${hub}/devices/dev-n`), 404001, 'DeviceNotFound'],
    [
      'another spelling of a deviceId',
      { deviceId: 'DEV-S' },
      token(`${hub}/devices/DEV-S`),
      404001,
      'DeviceNotFound',
    ],
    ['an unknown hub', { hub: 'x.example', deviceId: 'dev-s' }, token('x.example'), 404001, 'IotHubNotFound'],
    [
      'a device of another hub',
      { hub: 'hub-2.example', deviceId: 'dev-s' },
      token('hub-2.example/devices/dev-s'),
      404001,
      'DeviceNotFound',
    ],
    [
      'an unknown module',
      { deviceId: 'edge', moduleId: 'toString' },
      token(`${hub}/devices/edge`),
      404010,
      'ModuleNotFound',
    ],
    [
      'a disabled device',
      { deviceId: 'dev-off' },
      token(`${hub}/devices/dev-off`),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    [
      'a wrong key',
      { deviceId: 'dev-s' },
      token(`${hub}/devices/dev-s`, { signedWith: policyKey }),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    [
      'an expired token',
      { deviceId: 'dev-s' },
      token(`${hub}/devices/dev-s`, { lifeSeconds: -1 }),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    [
      'a token for another device',
      { deviceId: 'dev-s' },
      token(`${hub}/devices/edge`),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    [
      'a token for another hub',
      { deviceId: 'dev-s' },
      token('hub-2.example/devices/dev-s'),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    [
      'a policy without the right',
      { deviceId: 'dev-s' },
      token(hub, { signedWith: policyKey, skn: 'service' }),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    ['another certificate', { deviceId: 'dev-x' }, certificate(other), 401002, 'IotHubUnauthorizedAccess'],
    [
      'a certificate where a key is due',
      { deviceId: 'dev-s' },
      certificate(own),
      401002,
      'IotHubUnauthorizedAccess',
    ],
    ['no proof', { deviceId: 'dev-s' }, { kind: 'none' }, 401002, 'IotHubUnauthorizedAccess'],
    [
      'what is no token',
      { deviceId: 'dev-s' },
      { kind: 'sas', token: 'x' },
      401002,
      'IotHubUnauthorizedAccess',
    ],
  ] as const)('refuses %s', (_what, address, proof, errorCode, name) => {
    expect(service.connect({ hub, ...address }, proof)).toMatchObject({ kind: 'refused', errorCode, name });
  });

  it('takes messages up to 256 KiB and merges what a device reports', () => {
    const device = service.connect({ hub, deviceId: 'dev-s' }, token(`${hub}/devices/dev-s`));
    if (device.kind === 'refused') throw new Error(device.reason);
    const send = (length: number) =>
      service.acceptTelemetry(device, { body: new Uint8Array(length), properties: {} });
    expect(send(256 * 1024)).toBeUndefined();
    expect(send(256 * 1024 + 1)).toMatchObject({ errorCode: 413001, name: 'MessageTooLarge' });
    expect(directory.telemetry.list()).toMatchObject([{ hub, deviceId: 'dev-s', bodyBytes: 256 * 1024 }]);
    service.reportProperties(device, { a: 1, b: 2 });
    expect(service.reportProperties(device, { b: null }).reported).toEqual({ a: 1 });
    expect(service.readTwin(device).reportedVersion).toBe(3);
  });
});
