import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Client, Message } from 'azure-iot-device';
import { Http } from 'azure-iot-device-http';
import { Http as HttpBase, RestApiClient } from 'azure-iot-http-base';
import { Registry } from 'azure-iothub';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createDevice,
  createFleetAuthority,
  createTestPki,
  type DeviceSpec,
  type FleetAuthority,
  issueCredentials,
  openTpmHost,
  type TpmHost,
} from '../../simulators/index.ts';
import { makeTestTpms, type TestTpms } from '../../simulators/tpm/testing/test-tpms.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';

/** The client gives whatever came; this is what the tests read of it. */
interface Identity {
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly generationId: string;
  readonly etag: string;
  readonly status: string;
  readonly authentication: {
    readonly type: string;
    readonly symmetricKey: { readonly primaryKey: string | null; readonly secondaryKey: string | null };
    readonly x509Thumbprint: { readonly primaryThumbprint: string | null };
  };
  readonly capabilities: { readonly iotEdge: boolean };
}
const bodyOf = <T = Identity>(result: unknown): T => (result as { responseBody: T }).responseBody;
/** Resolves every name to one address. */
const toAddress =
  (address: string): LookupFunction =>
  (_name, { all }, found) => {
    if (all) found(null, [{ address, family: 4 }]);
    else found(null, address, 4);
  };

const thumbprint = 'AB'.repeat(32);

/**
 * The official registry and device clients, as their packages come from the registry, against `dps-rig emulate` in a
 * process of its own. All that is set is which port to dial and whom to trust.
 */
describe('the unmodified official hub clients against dps-rig emulate', () => {
  const { signal } = new AbortController();
  let emulator: EmulatorProcess;
  let registry: Registry;
  let authority: FleetAuthority;
  let made: TestTpms;
  let tpms: TpmHost;
  const agents: https.Agent[] = [];

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--no-development-group');
    authority = await createFleetAuthority();
    made = await makeTestTpms(1);
    tpms = await openTpmHost({ mode: 'pooled', workDirectory: made.workDirectory, poolSize: 1 });
    registry = connect(firstConnectionString());
  });
  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    await tpms[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
    await emulator[Symbol.asyncDispose]();
  });
  beforeEach(() => emulator.control.reset());

  function firstConnectionString(): string {
    const [first] = Object.values(emulator.hubConnectionStrings);
    if (first === undefined) throw new Error('no hub');
    return first;
  }

  /** Leads to the emulator whatever name is dialled; the name stays in SNI and Host. */
  function newAgent(): https.Agent {
    const { address, port } = emulator.https;
    const agent = new https.Agent({ lookup: toAddress(address), port, keepAlive: true, ca: emulator.caPem });
    agents.push(agent);
    return agent;
  }

  function connect(connectionString: string): Registry {
    const base = new HttpBase();
    const official = Registry.fromConnectionString(connectionString);
    // The client has no setting for an agent, its transport has one.
    const { _restApiClient: transport } = official as unknown as { _restApiClient: { _config: unknown } };
    const config = transport._config as ConstructorParameters<typeof RestApiClient>[0];
    const rest = new RestApiClient(config, 'interop/1.0', base);
    const registry = new Registry(
      config as unknown as ConstructorParameters<typeof Registry>[0],
      rest as unknown as ConstructorParameters<typeof Registry>[1],
    );
    base.setOptions({ http: { agent: newAgent() } }); // its constructor has set an agent of its own
    return registry;
  }

  const create = async (device: object): Promise<Identity> => bodyOf(await registry.create(device as never));
  const get = async (id: string): Promise<Identity> => bodyOf(await registry.get(id));

  it.each([
    { type: 'sas', authentication: undefined },
    { type: 'selfSigned', authentication: { x509Thumbprint: { primaryThumbprint: thumbprint } } },
    { type: 'certificateAuthority', authentication: { type: 'certificateAuthority' } },
  ])('creates, reads, updates and deletes an identity of type $type', async ({ type, authentication }) => {
    const made = await create({
      deviceId: 'Dev-1',
      ...(authentication === undefined ? {} : { authentication }),
    });
    expect(made).toMatchObject({ deviceId: 'Dev-1', status: 'enabled', authentication: { type } });
    expect(Buffer.from(made.authentication.symmetricKey.primaryKey ?? '', 'base64')).toHaveLength(
      type === 'sas' ? 32 : 0,
    );
    expect(await get('Dev-1')).toEqual(made);
    const changed = bodyOf(await registry.update({ ...made, status: 'disabled', statusReason: 'stolen' }));
    expect(changed).toEqual({
      ...made,
      status: 'disabled',
      statusReason: 'stolen',
      etag: changed.etag,
      statusUpdatedTime: (changed as unknown as { statusUpdatedTime: string }).statusUpdatedTime,
    });
    expect(changed.etag).not.toBe(made.etag);
    await registry.delete('Dev-1');
    await expect(get('Dev-1')).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
  });

  it('keeps ids apart by case and gives a device that is created anew another generation', async () => {
    const first = await create({ deviceId: 'dev-1' });
    await expect(create({ deviceId: 'dev-1' })).rejects.toMatchObject({ response: { statusCode: 409 } });
    await create({ deviceId: 'DEV-1' });
    await registry.delete('dev-1');
    const second = await create({ deviceId: 'dev-1' });
    expect(second.generationId).not.toBe(first.generationId);
    const listed = bodyOf<Identity[]>(await registry.list());
    expect(listed.map(({ deviceId }) => deviceId)).toEqual(['DEV-1', 'dev-1']);
    expect(bodyOf(await registry.getRegistryStatistics())).toMatchObject({ totalDeviceCount: 2 });
  });

  it('runs a bulk life of a hundred devices, and says which items failed', async () => {
    const devices = Array.from({ length: 100 }, (_, index) => ({ deviceId: `bulk-${index}` }));
    expect(bodyOf(await registry.addDevices(devices as never))).toMatchObject({ isSuccessful: true });
    await expect(registry.addDevices(devices.slice(0, 1) as never)).rejects.toMatchObject({
      response: { statusCode: 400 },
    });
    const disabled = devices.map((device) => ({ ...device, status: 'disabled' }));
    expect(bodyOf(await registry.updateDevices(disabled as never, true))).toMatchObject({
      isSuccessful: true,
    });
    expect(bodyOf(await registry.getRegistryStatistics())).toMatchObject({ disabledDeviceCount: 100 });

    const query = registry.createQuery('SELECT * FROM devices', 40);
    const sizes: number[] = [];
    while (query.hasMoreResults) sizes.push((await query.nextAsTwin()).result.length);
    expect(sizes).toEqual([40, 40, 20]);
    expect(bodyOf(await registry.removeDevices(devices as never, true))).toMatchObject({
      isSuccessful: true,
    });
    expect(bodyOf(await registry.list())).toEqual([]);
  });

  it('gives an IoT Edge device its system modules, and adds and removes others', async () => {
    await create({ deviceId: 'edge', capabilities: { iotEdge: true } });
    const names = async () =>
      bodyOf<Identity[]>(await registry.getModulesOnDevice('edge')).map(({ moduleId }) => moduleId);
    expect(await names()).toEqual(['$edgeAgent', '$edgeHub']);
    await registry.addModule({ deviceId: 'edge', moduleId: 'mine' });
    expect(await names()).toEqual(['$edgeAgent', '$edgeHub', 'mine']);
    const module = bodyOf(await registry.getModule('edge', 'mine'));
    expect(module.authentication.type).toBe('sas');
    await registry.removeModule('edge', 'mine');
    await expect(registry.getModule('edge', 'mine')).rejects.toMatchObject({ response: { statusCode: 404 } });
    await expect(registry.removeModule('edge', '$edgeAgent')).rejects.toMatchObject({
      response: { statusCode: 401 },
    });
  });

  it('merges a patch into a twin, and refuses one with a stale etag', async () => {
    await create({ deviceId: 'dev-1' });
    const { responseBody: twin } = (await registry.getTwin('dev-1')) as unknown as {
      responseBody: { etag: string };
    };
    const patch = { tags: { floor: 3 }, properties: { desired: { speed: 1 } } };
    expect(bodyOf(await registry.updateTwin('dev-1', patch, twin.etag))).toMatchObject({
      tags: { floor: 3 },
      properties: { desired: { speed: 1, $version: 2 } },
    });
    await expect(registry.updateTwin('dev-1', patch, twin.etag)).rejects.toMatchObject({
      response: { statusCode: 412 },
    });
  });

  it('refuses a registry client that has not the key', async () => {
    const wrong = firstConnectionString().replace(/SharedAccessKey=.*/, `SharedAccessKey=${'A'.repeat(43)}=`);
    await expect(connect(wrong).get('dev-1')).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });

  /** Registers a device through DPS, and gives what it was assigned and its credentials. */
  async function provision(attestation: DeviceSpec['attestation'], registrationId = 'dev-01') {
    const spec: DeviceSpec = {
      index: 0,
      registrationId,
      platform: 'linux',
      enrollment: 'individual',
      attestation,
      keyStore: attestation === 'tpm' ? 'swtpm' : 'software',
      transport: 'https',
      client: 'native',
    };
    const { credentials, enrollment } = await issueCredentials(spec, authority, { tpm: made.tpms[0] });
    if (enrollment === undefined) throw new Error('no individual enrollment');
    await emulator.control.enroll([enrollment]);
    const endpoint = {
      hostName: 'global.azure-devices-provisioning.net',
      ...emulator.https,
      idScope: emulator.idScope,
      apiVersion: '2021-06-01',
      caPem: emulator.caPem,
    };
    await using device = createDevice(spec, credentials, {
      endpoint,
      tpms,
      seed: 1,
      attemptTimeoutMs: 20_000,
      recordSteps: false,
    });
    await device.prepare(signal);
    const { result } = await device.register(signal);
    if (result.kind !== 'assigned') throw new Error(JSON.stringify(result));
    return { hub: result.assignedHub, deviceId: result.deviceId, credentials };
  }

  async function send(connectionString: string, x509?: { cert: string; key: string }): Promise<void> {
    const client = Client.fromConnectionString(connectionString, Http);
    // This transport takes options at once, and never calls back about them.
    void client.setOptions({ http: { agent: newAgent() }, ...x509 });
    const message = new Message(JSON.stringify({ temperature: 21 }));
    message.properties.add('room', 'lab');
    await client.open();
    try {
      await client.sendEvent(message);
    } finally {
      await client.close();
    }
  }

  it('takes telemetry of a device assigned by symmetric key, and no more once it is disabled or gone', async () => {
    const { hub, deviceId, credentials } = await provision('symmetric-key');
    if (credentials.kind !== 'symmetric-key') throw new Error(credentials.kind);
    const own = `HostName=${hub};DeviceId=${deviceId};SharedAccessKey=${credentials.key}`;
    await send(own);
    expect(await emulator.control.telemetry()).toMatchObject([
      { hub, deviceId, properties: { room: 'lab' }, bodyText: '{"temperature":21}' },
    ]);
    const wrong = own.replace(/SharedAccessKey=.*/, `SharedAccessKey=${'A'.repeat(43)}=`);
    await expect(send(wrong)).rejects.toMatchObject({ name: 'UnauthorizedError' });
    const elsewhere = emulator.hubs.find((one) => one !== hub) ?? '';
    await expect(send(own.replace(hub, elsewhere))).rejects.toMatchObject({ name: 'DeviceNotFoundError' });

    const owner = connect(emulator.hubConnectionStrings[hub] ?? '');
    const identity = bodyOf(await owner.get(deviceId));
    await owner.update({ ...identity, status: 'disabled' });
    await expect(send(own)).rejects.toMatchObject({ name: 'UnauthorizedError' });
    await owner.delete(deviceId);
    await expect(send(own)).rejects.toMatchObject({ name: 'DeviceNotFoundError' });
    expect(await emulator.control.telemetry()).toHaveLength(1);
  });

  it('takes telemetry of a device assigned by X.509, and none with the certificate of another', async () => {
    const { hub, deviceId, credentials } = await provision('x509');
    if (credentials.kind !== 'x509') throw new Error(credentials.kind);
    const own = `HostName=${hub};DeviceId=${deviceId};x509=true`;
    await send(own, { cert: credentials.certificateChainPem, key: credentials.privateKeyPem });
    expect(await emulator.control.telemetry()).toMatchObject([{ hub, deviceId }]);
    const other = await (await createTestPki()).issueDeviceCertificate({ commonName: deviceId });
    await expect(send(own, { cert: other.chainPem, key: other.privateKeyPem })).rejects.toMatchObject({
      name: 'UnauthorizedError',
    });
  });
});
