import { Agent } from 'node:https';
import mqttBase from 'azure-iot-mqtt-base';
import sdk from 'azure-iot-provisioning-device'; // CommonJS: Node finds only some of its names
import amqp from 'azure-iot-provisioning-device-amqp';
import mqtt from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { connectDpsControl } from '../../simulators/index.ts';
import { provisionTpm } from '../../simulators/tpm/attestation.ts';
import { createAzureTpmSecurityClient } from '../../simulators/tpm/azure-tpm/security-client.ts';
import { createTpmClient } from '../../simulators/tpm/tpm-client.ts';
import { openSwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';
import type { SdkJob } from './sdk-process.ts';

// One registration with the unmodified SDK. Whom it trusts stands in NODE_EXTRA_CA_CERTS, as its AMQP transport has no
// other way: hence a process of its own. What comes of it is one line of JSON.

async function register(job: SdkJob, security: unknown): Promise<unknown> {
  const host = job.transport.endsWith('-ws') ? 'localhost' : `localhost:${job.port}`;
  const client = sdk.ProvisioningDeviceClient.create(
    host,
    job.idScope,
    openTransport(job) as Parameters<typeof sdk.ProvisioningDeviceClient.create>[2],
    security as Parameters<typeof sdk.ProvisioningDeviceClient.create>[3],
  );
  return client.register();
}

/** Only WebSockets need help to find a port: the SDK has 443 in their URL, and an agent may dial another. */
function openTransport({ transport, address, port }: SdkJob): unknown {
  const webSocketAgent = new Agent({ host: address, port, servername: 'localhost' });
  if (transport === 'mqtt') return new mqtt.Mqtt();
  if (transport === 'mqtt-ws') {
    const base = new mqttBase.MqttBase();
    base.setOptions({ mqtt: { webSocketAgent } });
    return new mqtt.MqttWs(base as unknown as ConstructorParameters<typeof mqtt.MqttWs>[0]);
  }
  const made = transport === 'amqp' ? new amqp.Amqp() : new amqp.AmqpWs();
  made.setTransportOptions({ webSocketAgent });
  return made;
}

async function registerTpm(job: SdkJob): Promise<unknown> {
  await using tpm = await openSwtpmProcess();
  const { endorsementKey } = await provisionTpm(createTpmClient(tpm));
  const ek = Buffer.from(endorsementKey).toString('base64');
  await connectDpsControl(job.managementUrl).enroll([
    { registrationId: job.registrationId, attestation: { type: 'tpm', tpm: { endorsementKey: ek } } },
  ]);
  const { registrationId } = job;
  const security = createAzureTpmSecurityClient({ transport: tpm, registrationId });
  const registered = await register(job, security);
  await security.signWithIdentity(Buffer.from('hub')); // with the key for the hub: it is in the TPM
  return registered;
}

const job = JSON.parse(process.argv[2] ?? '') as SdkJob;
const { proof, registrationId } = job;
const registering =
  proof.kind === 'tpm'
    ? registerTpm(job)
    : register(
        job,
        proof.kind === 'x509'
          ? new X509Security(registrationId, proof)
          : new SymmetricKeySecurityClient(registrationId, proof.key),
      );
const line = await registering.then(
  (result) => ({ result }),
  (error: unknown) => ({ error: String(error) }),
);
process.stdout.write(`${JSON.stringify(line)}\n`);
