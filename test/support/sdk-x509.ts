import sdk from 'azure-iot-provisioning-device'; // CommonJS: Node finds only some of its names
import mqtt from 'azure-iot-provisioning-device-mqtt';
import { X509Security } from 'azure-iot-security-x509';
import type { StartedDpsEmulator, StartedSoftHsm } from '../../testing/index.ts';

/** One registration over MQTT with the unmodified SDK, in this thread, with the key in the token. */
export async function registerWithToken(
  { endpoints, idScope }: StartedDpsEmulator,
  hsm: StartedSoftHsm,
): Promise<{ readonly deviceId: string; readonly assignedHub: string }> {
  const client = sdk.ProvisioningDeviceClient.create(
    `${endpoints.mqtt.host}:${endpoints.mqtt.port}`,
    idScope,
    new mqtt.Mqtt(),
    new X509Security(hsm.registrationId, hsm.tlsCredentials()),
  );
  const { deviceId = '', assignedHub = '' } = (await client.register()) ?? {};
  return { deviceId, assignedHub };
}
