import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  newestVersionOf,
  platformKinds,
  releaseOf,
  versionsOf,
} from '../../simulators/device/platforms/table.ts';
import {
  createFleetAuthority,
  type FleetAuthority,
  openScratchDirectory,
  openTestPki,
  openTpmHost,
  type RunningDps,
  startDps,
  type TpmHost,
} from '../../simulators/index.ts';
import { makeTestTpms, type TestTpms } from '../../simulators/tpm/testing/test-tpms.ts';
import { makeEdgeDevice, type TestEdgeDevice, type TestEdgeDeviceOptions } from '../support/edge-device.ts';
import { hubRegistry } from '../support/hub-registry.ts';

const never = new AbortController().signal;
const deviceInfo = 'var/lib/aziot/identityd/device_info';

type Scratch = Awaited<ReturnType<typeof openScratchDirectory>>;

/** Whole lives against DPS and its hubs, over real sockets, with real TPMs. */
describe('the life of an edge device', () => {
  let dps: RunningDps;
  let authority: FleetAuthority;
  let testTpms: TestTpms;
  let tpms: TpmHost;
  let scratch: Scratch;
  let disks = 0;

  beforeAll(async () => {
    scratch = await openScratchDirectory({ name: 'lives' });
    authority = await createFleetAuthority('life');
    testTpms = await makeTestTpms(6);
    tpms = await openTpmHost({ mode: 'dedicated', workDirectory: testTpms.workDirectory });
    dps = await startDps({ retryAfterSeconds: 0 });
  }, 60_000);
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
    await tpms[Symbol.asyncDispose]();
    await testTpms[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });
  beforeEach(() => dps.control.reset());

  const hub = () => hubRegistry(dps, dps.hubs[0] ?? '');
  const make = (options: Partial<TestEdgeDeviceOptions> = {}): Promise<TestEdgeDevice> => {
    disks += 1;
    const tpm = options.spec?.attestation === 'tpm' ? testTpms.tpms[disks % 6] : undefined;
    return makeEdgeDevice({
      ...{ dps, authority, tpms, platform: 'linux', version: newestVersionOf('linux') },
      directory: join(scratch.path, String(disks)),
      ...(tpm === undefined ? {} : { tpm }),
      ...options,
    });
  };
  const registrations = async () =>
    (await dps.control.requests()).filter(
      ({ method, path }) => method === 'PUT' && path.includes('/register'),
    ).length;
  const restart = async (device: TestEdgeDevice, changes?: Parameters<TestEdgeDevice['boot']>[0]) => {
    device.forgetLog();
    await using life = device.boot(changes);
    return await life.start(never);
  };

  const cells = platformKinds.flatMap((platform) =>
    versionsOf(platform).flatMap((version) =>
      (['symmetric-key', 'x509', 'tpm'] as const).map((attestation) => ({ platform, version, attestation })),
    ),
  );

  it.each(cells)(
    'of $platform $version with $attestation begins with DPS and a report, goes on, and ends with its identity',
    async ({ platform, version, attestation }) => {
      const device = await make({ platform, version, spec: { attestation } });
      const booted = await restart(device);
      expect(booted).toMatchObject({ kind: 'running', by: 'dps', connection: 'hub' });
      const { os, architecture, daemonVersion } = releaseOf(platform, version) ?? {};
      const twin = await hub().moduleTwin('dev-01', '$edgeAgent');
      expect(twin.properties.reported.runtime?.platform).toEqual({
        os,
        architecture,
        version: daemonVersion,
      });
      const keys = await Promise.all(
        ['$edgeAgent', '$edgeHub'].map(async (id) => (await hub().module('dev-01', id)).authentication),
      );
      expect(keys).toMatchObject([{ type: 'sas' }, { type: 'sas' }]);

      const before = await registrations();
      expect(await restart(device)).toMatchObject({
        kind: 'running',
        by: version === '1.1' ? 'dps' : 'backup',
        connection: 'hub',
      });
      expect((await registrations()) > before).toBe(version === '1.1');
      const again = await hub().module('dev-01', '$edgeAgent');
      expect(again.authentication).toEqual(keys[0]); // derived, not made anew

      await hub().change('dev-01', null);
      await dps.control.removeEnrollments(['dev-01']);
      expect(await restart(device)).toMatchObject({ kind: 'unprovisioned', result: { kind: 'error' } });
    },
  );

  it('is told in the order and the words of the identity service', async () => {
    const device = await make({ version: '1.6', spec: { attestation: 'tpm' } });
    await restart(device);
    expect(device.texts).toEqual([
      'Provisioning starting. Reason: Startup',
      'Sending DPS registration request.',
      'Checking DPS registration status.',
      'Imported DPS authentication key into TPM.',
      `Assigned to IoT hub: ${dps.hubs[0]}`,
      'DPS registration complete.',
      'Successfully provisioned with DPS.',
      'Provisioning complete.',
      'Identity reconciliation started. Reason: Startup',
      'Identity reconciliation complete.',
      'Obtaining Edge device provisioning data...',
      'Finished provisioning Edge device.',
    ]);
    await restart(device);
    expect(device.texts.slice(0, 4)).toEqual([
      'Provisioning starting. Reason: Startup',
      'Provisioned with backup for dev-01.',
      'Successfully provisioned with DPS.',
      'Provisioning complete.',
    ]);
  });

  it('is kept in the files of the identity service, for its owner alone', async () => {
    const device = await make();
    await restart(device);
    expect(device.read(deviceInfo)).toBe(
      `hub_name = "${dps.hubs[0]}"\nlocal_gateway_hostname = "${dps.hubs[0]}"\ndevice_id = "dev-01"\n`,
    );
    expect(device.mode(deviceInfo)).toBe(0o600);
    expect(device.read('var/lib/aziot/identityd/prev_state')).toContain('registration_id = "dev-01"');
    expect(device.read('var/lib/aziot/edged/cache/provisioning_state')).toMatch(/^[\w+/]{43}=$/);
    const { primaryKey } = (await hub().module('dev-01', '$edgeAgent')).authentication.symmetricKey;
    expect(device.everything()).not.toContain(primaryKey);
  });

  it('of 1.1 is kept where iotedged keeps it, on Windows too', async () => {
    const linux = await make({ version: '1.1' });
    await restart(linux);
    const backup = '{"device_id":"dev-01","hub_name":"hub-1.azure-devices.net"}';
    expect(linux.read('var/lib/iotedge/cache/provisioning_backup.json')).toBe(backup);
    const windows = await make({ version: '1.1', platform: 'windows' });
    await restart(windows);
    expect(windows.read('ProgramData/iotedge/cache/provisioning_backup.json')).toBe(backup);
  });

  it('without DPS asks nobody before the hub', async () => {
    const device = await make({ spec: { enrollment: 'manual' } });
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'manual', connection: 'hub' });
    expect(device.texts.slice(0, 3)).toEqual([
      'Provisioning starting. Reason: Startup',
      'Updated device info for dev-01.',
      'Provisioning complete.',
    ]);
    expect(await registrations()).toBe(0);
  });

  it('goes on with a damaged backup as with none', async () => {
    const device = await make();
    await restart(device);
    device.write(deviceInfo, 'hub_name = nonsense');
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'dps' });
    expect(device.texts[1]).toMatch(/^Ignoring invalid device info backup: /);
  });

  it('goes on offline with its backup, and cannot begin without one', async () => {
    const device = await make();
    const unplugged = { address: '127.0.0.1', port: 1, mqttPort: 1 };
    expect(await restart(device, device.at(unplugged))).toMatchObject({
      kind: 'unprovisioned',
      result: { kind: 'error', error: { code: 'ECONNREFUSED' } },
    });
    expect(device.texts.at(-1)).toMatch(
      /^Failed to provision with IoT Hub, and no valid device backup was found/,
    );
    await restart(device);
    expect(await restart(device, device.at(unplugged))).toMatchObject({
      by: 'backup',
      connection: 'offline',
    });
    expect(device.texts).toContain(
      'Network not available for Identity reconciliation. Using offline backup from last run.',
    );
  });

  it('of 1.1 goes on with its backup when DPS refuses', async () => {
    const device = await make({ version: '1.1' });
    await restart(device);
    await device.enroll({ provisioningStatus: 'disabled' });
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'backup', connection: 'hub' });
  });

  it('begins anew when its hub has forgotten it', async () => {
    const device = await make();
    await restart(device);
    const { generationId } = await hub().module('dev-01', '$edgeAgent');
    await hub().change('dev-01', null);
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'dps' });
    expect(device.texts).toContain(
      'Could not reconcile Identities with current device data. Reprovisioning.',
    );
    expect((await hub().module('dev-01', '$edgeAgent')).generationId).not.toBe(generationId);
  });

  it('stays in its hub after a change at DPS, until it is told to ask again', async () => {
    const [one, two] = dps.hubs;
    const device = await make();
    await restart(device);
    await device.enroll({ iotHubHostName: two ?? '' });
    expect(await restart(device)).toMatchObject({ by: 'backup', device: { hub: one } });
    await using life = device.boot();
    expect(await life.reprovision(never)).toMatchObject({ by: 'dps', device: { hub: two } });
    expect(device.texts).toContain('The device is another than before: its modules are removed.');
    expect(device.modulesKept()).toHaveLength(1);
    expect(device.read(deviceInfo)).toContain(`hub_name = "${two}"`);
  });

  it.each([
    ['1.1', 'OnErrorOnly', 'ignored'],
    ['1.2', 'OnErrorOnly', 'ignored'],
    ['1.2', 'Dynamic', 'running'],
    ['1.4', 'OnErrorOnly', 'running'],
    ['1.6', 'OnErrorOnly', 'running'],
  ] as const)('of %s with %s after a bad credential is %s', async (version, autoReprovisioning, kind) => {
    const device = await make({ version, autoReprovisioning });
    await restart(device);
    const before = await registrations();
    await using life = device.boot();
    expect(await life.reportError('bad-credential', never)).toMatchObject({ kind });
    expect((await registrations()) - before).toBe(kind === 'running' ? 1 : 0);
  });

  it('asks DPS at each start when that is configured', async () => {
    const device = await make({ autoReprovisioning: 'AlwaysOnStartup' });
    await restart(device);
    const before = await registrations();
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'dps' });
    expect((await registrations()) - before).toBe(1);
    expect(device.texts).toContain('Provisioned with backup for dev-01.');
  });

  it('has its certificate renewed by way of DPS, and keeps the new one', async () => {
    const device = await make({ spec: { attestation: 'x509', enrollment: 'group' } });
    await restart(device);
    const pki = await openTestPki(authority.pki);
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
    const renewed = { certificateChainPem: issued.chainPem, privateKeyPem: issued.privateKeyPem };
    await using life = device.boot();
    expect(await life.renewIdentity(renewed, never)).toMatchObject({ kind: 'running', by: 'dps' });
    const thumbprint = new X509Certificate(issued.certificatePem).fingerprint256.replaceAll(':', '');
    const known = (await hub().device('dev-01')).authentication.x509Thumbprint.primaryThumbprint;
    expect(known).toBe(thumbprint);
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'backup', connection: 'hub' });
  });

  it('keeps its certificate when DPS does not know the new one', async () => {
    const device = await make({ spec: { attestation: 'x509' } });
    await restart(device);
    const pki = await openTestPki(authority.pki);
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01', issuer: 'self' });
    const renewed = { certificateChainPem: issued.chainPem, privateKeyPem: issued.privateKeyPem };
    await using life = device.boot();
    expect(await life.renewIdentity(renewed, never)).toMatchObject({
      kind: 'kept',
      result: { error: { code: 'DPS_401002' } },
    });
    expect(device.everything()).not.toContain('PRIVATE KEY');
    expect(await restart(device)).toMatchObject({ by: 'backup', connection: 'hub' });
  });

  it('of 1.2 has no renewal', async () => {
    const device = await make({ version: '1.2', spec: { attestation: 'x509' } });
    await using life = device.boot();
    const nothing = { certificateChainPem: '', privateKeyPem: '' };
    expect(await life.renewIdentity(nothing, never)).toMatchObject({ kind: 'ignored' });
  });

  it.each([
    [
      'disabled in DPS and gone from the hub',
      async (device: TestEdgeDevice) => {
        await device.enroll({ provisioningStatus: 'disabled' });
        await hub().change('dev-01', null);
      },
    ],
    ['disabled in the hub', () => hub().change('dev-01', { status: 'disabled' })],
  ])('ends when it is %s', async (_how, decommission) => {
    const device = await make();
    await restart(device);
    await decommission(device);
    expect(await restart(device)).toMatchObject({ kind: 'unprovisioned' });
    expect(device.has(deviceInfo)).toBe(false);
  });

  it('ends at once when the power goes', async () => {
    const device = await make();
    const life = device.boot();
    const starting = life.start(never);
    await life[Symbol.asyncDispose]();
    expect(await starting).toMatchObject({ kind: 'unprovisioned', result: { kind: 'aborted' } });
    expect(await restart(device)).toMatchObject({ kind: 'running', by: 'dps' });
  });
});
