// npx vitest run --root examples symmetric-key
import { randomBytes } from 'node:crypto';
import provisioning from 'azure-iot-provisioning-device';
import mqtt from 'azure-iot-provisioning-device-mqtt';
import symmetricKey from 'azure-iot-security-symmetric-key';
import { DpsEmulator } from 'dps-rig/testing';
import { expect, test } from 'vitest';

const registrationId = 'thermostat-01';
const newKey = () => randomBytes(32).toString('base64');

/** One registration with the official SDK over MQTT. */
function register(dps, key) {
  const { host, port } = dps.endpoints.mqtt;
  const client = provisioning.ProvisioningDeviceClient.create(
    `${host}:${port}`,
    dps.idScope,
    new mqtt.Mqtt(),
    new symmetricKey.SymmetricKeySecurityClient(registrationId, key),
  );
  return client.register();
}

const enrollment = (primaryKey) => ({
  registrationId,
  attestation: { type: 'symmetricKey', symmetricKey: { primaryKey } },
});

test('a device with the enrolled key is assigned to a hub', async () => {
  await using dps = await new DpsEmulator().start();
  using _trust = dps.trust();
  const key = newKey();
  await dps.enroll(enrollment(key));

  const { deviceId, assignedHub } = await register(dps, key);

  expect(deviceId).toBe(registrationId);
  expect(dps.hubs).toContain(assignedHub);
  expect(await dps.registrations()).toMatchObject([{ registrationId, status: 'assigned', assignedHub }]);
});

test('a device with another key is refused, and the emulator says why', async () => {
  await using dps = await new DpsEmulator().withEnrollments(enrollment(newKey())).start();
  using _trust = dps.trust();

  await expect(register(dps, newKey())).rejects.toThrow();

  const [refused] = (await dps.requests()).filter(({ status }) => status === 401);
  expect(refused.reason).toContain('signature');
  expect(await dps.registrations()).toEqual([]);
});
