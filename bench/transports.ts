/** Each transport, the libraries under its native client, and the bare loop on them. */
export const bareClients = [
  { transport: 'https', library: 'node:https', script: 'bare-client.ts' },
  { transport: 'mqtt', library: 'mqtt-packet', script: 'bare-mqtt-client.ts' },
  { transport: 'mqtt-ws', library: 'mqtt-packet and ws', script: 'bare-mqtt-client.ts' },
  { transport: 'amqp', library: 'rhea', script: 'bare-amqp-client.ts' },
  { transport: 'amqp-ws', library: 'rhea and ws', script: 'bare-amqp-client.ts' },
] as const;

export type BareClient = (typeof bareClients)[number];
