import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki, type TestPki } from '../../simulators/index.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { registerInSdkProcess, type SdkJob } from '../support/sdk-process.ts';

/** The official Node SDK's MQTT transports against `dps-rig emulate`, each in a process of its own. */
describe.each(['mqtt', 'mqtt-ws'] as const)('the unmodified official SDK over %s', (transport) => {
  let emulator: EmulatorProcess;
  let pki: TestPki;

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--retry-after', '1', '--no-development-group');
    pki = await createTestPki({ name: 'interop' });
  });
  afterAll(() => emulator[Symbol.asyncDispose]());
  beforeEach(() => emulator.control.reset());

  const register = (registrationId: string, proof: SdkJob['proof']) => {
    const { port } = transport === 'mqtt' ? emulator.mqtt : emulator.https;
    const { idScope, managementUrl, caFile, https } = emulator;
    const job = { transport, address: https.address, port, idScope, managementUrl, registrationId, proof };
    return registerInSdkProcess(job, caFile);
  };
  const expectAssigned = async (registrationId: string, proof: SdkJob['proof']) => {
    const { state, error } = await register(registrationId, proof);
    expect(error).toBeUndefined();
    expect(state).toMatchObject({ status: 'assigned', registrationId, deviceId: registrationId });
    expect(await emulator.control.registrations()).toEqual([
      expect.objectContaining({ registrationId, assignedHub: state?.assignedHub, timesAssigned: 1 }),
    ]);
  };

  it('registers by symmetric key, individually', async () => {
    const key = randomBytes(32).toString('base64');
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: key } } as const;
    await emulator.control.enroll([{ registrationId: 'sdk-sym', attestation }]);
    await expectAssigned('sdk-sym', { kind: 'symmetric-key', key });
  });

  it('registers by the key that a group key gives', async () => {
    const groupKey = randomBytes(64);
    const symmetricKey = { primaryKey: groupKey.toString('base64') };
    await emulator.control.enroll([
      { enrollmentGroupId: 'sdk', attestation: { type: 'symmetricKey', symmetricKey } },
    ]);
    const key = createHmac('sha256', groupKey).update('sdk-in-group').digest('base64');
    await expectAssigned('sdk-in-group', { kind: 'symmetric-key', key });
  });

  it('registers by an X.509 certificate that is enrolled itself', async () => {
    const { certificatePem, privateKeyPem } = await pki.issueDeviceCertificate({
      commonName: 'sdk-x509',
      issuer: 'self',
    });
    const x509 = { clientCertificates: { primary: { certificate: certificatePem } } };
    await emulator.control.enroll([{ registrationId: 'sdk-x509', attestation: { type: 'x509', x509 } }]);
    await expectAssigned('sdk-x509', { kind: 'x509', cert: certificatePem, key: privateKeyPem });
  });

  it('registers by an X.509 chain to an enrolled root', async () => {
    const { chainPem, privateKeyPem } = await pki.issueDeviceCertificate({ commonName: 'sdk-chain' });
    const x509 = { signingCertificates: { primary: { certificate: pki.bundle.rootPem } } };
    await emulator.control.enroll([{ enrollmentGroupId: 'sdk-ca', attestation: { type: 'x509', x509 } }]);
    await expectAssigned('sdk-chain', { kind: 'x509', cert: chainPem, key: privateKeyPem });
  });

  it('has no way to register a TPM', async () => {
    const { error } = await register('sdk-tpm', { kind: 'tpm' });
    expect(error).toContain('ArgumentError');
  });

  it('is told no when the key is wrong', async () => {
    const attestation = {
      type: 'symmetricKey',
      symmetricKey: { primaryKey: randomBytes(32).toString('base64') },
    } as const;
    await emulator.control.enroll([{ registrationId: 'sdk-wrong', attestation }]);
    const key = randomBytes(32).toString('base64');
    const { error } = await register('sdk-wrong', { kind: 'symmetric-key', key });
    expect(error).toContain('Not authorized');
    expect(await emulator.control.requests()).toContainEqual(
      expect.objectContaining({ method: 'MQTT', path: 'CONNECT', status: 401, errorCode: 401000 }),
    );
    expect(await emulator.control.registrations()).toEqual([]);
  });
});
