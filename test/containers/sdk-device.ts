import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import device from 'azure-iot-device'; // CommonJS: Node finds only some of its names
import hubMqtt from 'azure-iot-device-mqtt';
import sdk from 'azure-iot-provisioning-device';
import amqp from 'azure-iot-provisioning-device-amqp';
import http from 'azure-iot-provisioning-device-http';
import mqtt from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { connectDpsControl } from '../../simulators/index.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../../simulators/wire/constants.ts';

// Runs in a container: the unmodified SDK, which knows nothing but the real name of DPS, the standard ports, and the CA in
// NODE_EXTRA_CA_CERTS. Registers over every transport, then goes on to the hub that it was told.

const token = (await readFile('/control/management-token', 'utf8')).trim();
const control = connectDpsControl('http://emulator:9180', { token });
const { idScope } = await control.info();

const transports = { http: () => new http.Http(), mqtt: () => new mqtt.Mqtt(), amqp: () => new amqp.Amqp() };
for (const [name, open] of Object.entries(transports)) {
  const registrationId = `sdk-${name}`;
  const primaryKey = randomBytes(32).toString('base64');
  await control.enroll([
    { registrationId, attestation: { type: 'symmetricKey', symmetricKey: { primaryKey } } },
  ]);
  const security = new SymmetricKeySecurityClient(registrationId, primaryKey);
  const client = sdk.ProvisioningDeviceClient.create(
    GLOBAL_DEVICE_ENDPOINT,
    idScope,
    open(),
    security as unknown as Parameters<typeof sdk.ProvisioningDeviceClient.create>[3],
  );
  const registered = await client.register();
  const { assignedHub = '', deviceId = '' } = registered ?? {};
  const hub = device.Client.fromConnectionString(
    `HostName=${assignedHub};DeviceId=${deviceId};SharedAccessKey=${primaryKey}`,
    hubMqtt.Mqtt,
  );
  await hub.open();
  await hub.sendEvent(new device.Message(`from ${registrationId}`));
  await hub.close();
  process.stdout.write(`${JSON.stringify({ registrationId, assignedHub, deviceId })}\n`);
}
const telemetry = (await control.telemetry()).filter(({ deviceId }) => deviceId.startsWith('sdk-'));
process.stdout.write(`${JSON.stringify({ messages: telemetry.length })}\n`);
