// npx vitest run --root examples container
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import provisioning from 'azure-iot-provisioning-device';
import amqp from 'azure-iot-provisioning-device-amqp';
import symmetricKey from 'azure-iot-security-symmetric-key';
import { DpsEmulator, DpsEmulatorContainer } from 'dps-rig/testing';
import { describe, expect, test } from 'vitest';

const registrationId = 'meter-4711';
const hasDocker = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;

/** The same test, wherever DPS runs. */
async function registerAt(emulator) {
  await using dps = await emulator.withHubs('north.azure-devices.net').withAssigningDuration(500).start();
  using _trust = dps.trust();
  const primaryKey = randomBytes(32).toString('base64');
  await dps.enroll({ registrationId, attestation: { type: 'symmetricKey', symmetricKey: { primaryKey } } });

  const client = provisioning.ProvisioningDeviceClient.create(
    `${dps.endpoints.amqp.host}:${dps.endpoints.amqp.port}`,
    dps.idScope,
    new amqp.Amqp(),
    new symmetricKey.SymmetricKeySecurityClient(registrationId, primaryKey),
  );
  const { assignedHub } = await client.register();

  expect(assignedHub).toBe('north.azure-devices.net');
  expect(await dps.registrations()).toMatchObject([{ registrationId, status: 'assigned', timesAssigned: 1 }]);
}

describe('a device over AMQP', { timeout: 120_000 }, () => {
  test('is assigned by DPS in this process', () => registerAt(new DpsEmulator()));

  test('is assigned by DPS in a container', async ({ skip }) => {
    if (!hasDocker) skip('docker info finds no engine');
    await registerAt(new DpsEmulatorContainer());
  });
});
