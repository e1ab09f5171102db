import { createHmac, randomBytes } from 'node:crypto';
import https from 'node:https';
import { Http as HttpBase } from 'azure-iot-http-base';
import sdk from 'azure-iot-provisioning-device'; // CommonJS: Node finds only some of its names
import { Http } from 'azure-iot-provisioning-device-http';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki, type TestPki } from '../../simulators/index.ts';
import { provisionTpm } from '../../simulators/tpm/attestation.ts';
import { createAzureTpmSecurityClient } from '../../simulators/tpm/azure-tpm/security-client.ts';
import { registrationIdFromEk } from '../../simulators/tpm/templates.ts';
import { createTpmClient } from '../../simulators/tpm/tpm-client.ts';
import { openSwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';

interface RegistrationState {
  readonly status: string;
  readonly registrationId: string;
  readonly deviceId: string;
  readonly assignedHub: string;
}

/**
 * The official Node SDK, as its packages come from the registry, against `dps-rig emulate` in a process of its own. All
 * that is set is where to connect and whom to trust.
 */
describe('the unmodified official SDK against dps-rig emulate', () => {
  let emulator: EmulatorProcess;
  let pki: TestPki;

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--retry-after', '0', '--no-development-group');
    pki = await createTestPki({ name: 'interop' });
  });
  afterAll(() => emulator[Symbol.asyncDispose]());
  beforeEach(() => emulator.control.reset());

  async function register(security: unknown): Promise<RegistrationState> {
    const base = new HttpBase();
    const agent = new https.Agent({ port: emulator.https.port, keepAlive: false });
    base.setOptions({ ca: emulator.caPem, http: { agent } } as Parameters<HttpBase['setOptions']>[0]);
    const client = sdk.ProvisioningDeviceClient.create(
      emulator.https.address,
      emulator.idScope,
      new Http(base),
      security as Parameters<typeof sdk.ProvisioningDeviceClient.create>[3],
    );
    const answer = (await client.register()) as unknown as RegistrationState & {
      registrationState?: RegistrationState;
    };
    return answer.registrationState ?? answer;
  }

  async function expectAssigned(state: RegistrationState, registrationId: string): Promise<void> {
    expect(state).toMatchObject({ status: 'assigned', registrationId, deviceId: registrationId });
    expect(emulator.hubs).toContain(state.assignedHub);
    const records = await emulator.control.registrations();
    expect(records).toEqual([
      expect.objectContaining({ registrationId, assignedHub: state.assignedHub, timesAssigned: 1 }),
    ]);
  }

  it('registers by symmetric key, individually', async () => {
    const key = randomBytes(32).toString('base64');
    const attestation = {
      type: 'symmetricKey',
      symmetricKey: { primaryKey: key, secondaryKey: key },
    } as const;
    await emulator.control.enroll([{ registrationId: 'sdk-sym', attestation }]);
    await expectAssigned(await register(new SymmetricKeySecurityClient('sdk-sym', key)), 'sdk-sym');
  });

  it('registers by the key that a group key gives', async () => {
    const groupKey = randomBytes(64);
    const symmetricKey = {
      primaryKey: groupKey.toString('base64'),
      secondaryKey: randomBytes(64).toString('base64'),
    };
    await emulator.control.enroll([
      { enrollmentGroupId: 'sdk', attestation: { type: 'symmetricKey', symmetricKey } },
    ]);
    const deviceKey = createHmac('sha256', groupKey).update('sdk-in-group').digest('base64');
    await expectAssigned(
      await register(new SymmetricKeySecurityClient('sdk-in-group', deviceKey)),
      'sdk-in-group',
    );
  });

  it('registers by an X.509 certificate that is enrolled itself', async () => {
    const { certificatePem, privateKeyPem } = await pki.issueDeviceCertificate({
      commonName: 'sdk-x509',
      issuer: 'self',
    });
    const x509 = { clientCertificates: { primary: { certificate: certificatePem } } };
    await emulator.control.enroll([{ registrationId: 'sdk-x509', attestation: { type: 'x509', x509 } }]);
    const security = new X509Security('sdk-x509', { cert: certificatePem, key: privateKeyPem });
    await expectAssigned(await register(security), 'sdk-x509');
  });

  it('registers by an X.509 chain to an enrolled root', async () => {
    const { chainPem, privateKeyPem } = await pki.issueDeviceCertificate({ commonName: 'sdk-chain' });
    const x509 = { signingCertificates: { primary: { certificate: pki.bundle.rootPem } } };
    await emulator.control.enroll([{ enrollmentGroupId: 'sdk-ca', attestation: { type: 'x509', x509 } }]);
    const security = new X509Security('sdk-chain', { cert: chainPem, key: privateKeyPem });
    await expectAssigned(await register(security), 'sdk-chain');
  });

  it('registers by TPM, with the id that every SDK derives from the EK, and leaves a hub key in the TPM', async () => {
    await using tpm = await openSwtpmProcess();
    const { endorsementKey } = await provisionTpm(createTpmClient(tpm));
    const registrationId = registrationIdFromEk(endorsementKey);
    const ek = Buffer.from(endorsementKey).toString('base64');
    await emulator.control.enroll([
      { registrationId, attestation: { type: 'tpm', tpm: { endorsementKey: ek } } },
    ]);
    const security = createAzureTpmSecurityClient({ transport: tpm });
    await expectAssigned(await register(security), registrationId);
    expect(await security.signWithIdentity(Buffer.from('hub'))).toHaveLength(32);
  });

  it('is told no when the key is wrong', async () => {
    const key = randomBytes(32).toString('base64');
    const attestation = {
      type: 'symmetricKey',
      symmetricKey: { primaryKey: key, secondaryKey: key },
    } as const;
    await emulator.control.enroll([{ registrationId: 'sdk-wrong', attestation }]);
    const other = new SymmetricKeySecurityClient('sdk-wrong', randomBytes(32).toString('base64'));
    await expect(register(other)).rejects.toThrow();
    const [request] = await emulator.control.requests();
    expect(request).toMatchObject({ status: 401, registrationId: 'sdk-wrong' });
    expect(await emulator.control.registrations()).toEqual([]);
  });
});
