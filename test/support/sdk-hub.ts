import { Agent } from 'node:https';
import amqpBase from 'azure-iot-amqp-base';
import device, { type Client as SdkClient, type Twin } from 'azure-iot-device'; // CommonJS: Node finds only some of its names
import amqp from 'azure-iot-device-amqp';
import mqtt from 'azure-iot-device-mqtt';
import mqttBase from 'azure-iot-mqtt-base';
import type { SdkHubJob } from './sdk-hub-process.ts';

// One visit to a hub with the unmodified SDK: a message, the twin, and a property that is reported. Whom it trusts
// stands in NODE_EXTRA_CA_CERTS. What comes of it is one line of JSON.

async function visit(job: SdkHubJob) {
  const { transport, address, port, hub, deviceId, proof } = job;
  // The socket goes to the gateway, all names stay the hub's. WebSockets have 443 in their URL: an agent dials another.
  const gateway = transport === 'mqtt' ? `;GatewayHostName=localhost:${port}` : '';
  const secret = proof.kind === 'symmetric-key' ? `SharedAccessKey=${proof.key}` : 'x509=true';
  const client = device.Client.fromConnectionString(
    `HostName=${hub};DeviceId=${deviceId};${secret}${gateway}`,
    transportOf(job),
  );
  const webSocketAgent = new Agent({ host: address, port, servername: 'localhost' });
  await client.setOptions({
    ...(transport === 'mqtt-ws' ? { mqtt: { webSocketAgent } } : {}),
    ...(transport === 'amqp-ws' ? { amqp: { webSocketAgent } } : {}),
    ...(proof.kind === 'x509' ? { cert: proof.cert, key: proof.key } : {}),
  });
  try {
    return await talk(client);
  } finally {
    await client.close();
  }
}

function transportOf({ transport, address, port, proof }: SdkHubJob) {
  switch (transport) {
    case 'mqtt':
      return proof.kind === 'x509' ? dialling(address, port) : mqtt.Mqtt;
    case 'mqtt-ws':
      return mqtt.MqttWs;
    case 'amqp':
      return diallingAmqp(address, port);
    case 'amqp-ws':
      return amqp.AmqpWs;
  }
}

/** 5671 stands in the SDK's AMQP transport: the library below it, which it takes as an argument, dials another port. */
function diallingAmqp(host: string, port: number): typeof amqp.Amqp {
  class Base extends amqpBase.Amqp {
    override connect(...[config, done]: Parameters<InstanceType<typeof amqpBase.Amqp>['connect']>): void {
      const servername = new URL(config.uri).hostname;
      super.connect({ ...config, policyOverride: { host, port, servername } }, done);
    }
  }
  return class extends amqp.Amqp {
    constructor(provider: ConstructorParameters<typeof amqp.Amqp>[0]) {
      super(provider, new Base(false));
    }
  };
}

/** With a certificate the SDK passes over GatewayHostName: the library below it, which it takes as an argument, dials. */
function dialling(hostname: string, port: number): typeof mqtt.Mqtt {
  const real = (new mqttBase.MqttBase() as unknown as { readonly mqttProvider: MqttProvider }).mqttProvider;
  const connect: MqttProvider['connect'] = (uri, options) =>
    real.connect(uri, { ...options, hostname, port, servername: new URL(uri).hostname });
  return class extends mqtt.Mqtt {
    constructor(provider: ConstructorParameters<typeof mqtt.Mqtt>[0]) {
      super(provider, new mqttBase.MqttBase({ connect }));
    }
  };
}

interface MqttProvider {
  connect(uri: string, options: Readonly<Record<string, unknown>>): unknown;
}

async function talk(client: SdkClient) {
  await client.open();
  const message = new device.Message('{"t":1}');
  message.messageId = 'm-1';
  message.properties.add('room', 'a b&c');
  await client.sendEvent(message);
  const twin: Twin = await client.getTwin();
  const properties = twin.properties as { desired: unknown; reported: { update: unknown } & object };
  const desired = JSON.parse(JSON.stringify(properties.desired)) as unknown;
  await new Promise<void>((resolve, reject) => {
    (properties.reported.update as (patch: object, done: (error?: Error) => void) => void)(
      { led: 'on' },
      (error) => (error ? reject(error) : resolve()),
    );
  });
  return { desired };
}

const line = await visit(JSON.parse(process.argv[2] ?? '') as SdkHubJob).then(
  (result) => ({ result }),
  (error: unknown) => ({
    error: `${error instanceof Error ? error.constructor.name : 'thrown'}: ${String(error)}`,
  }),
);
process.stdout.write(`${JSON.stringify(line)}\n`);
