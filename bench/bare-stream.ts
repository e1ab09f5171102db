import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ClientJob } from './client-job.ts';

/** A fresh TLS connection to the emulator, with a WebSocket on it where the job's transport has one. */
export async function openBareStream(
  { hostName, transport, ...job }: ClientJob,
  secureContext: SecureContext,
): Promise<Duplex> {
  const isWebSocket = transport === 'mqtt-ws' || transport === 'amqp-ws';
  const ports = { mqtt: job.mqttPort, amqp: job.amqpPort } as const;
  const port = transport === 'mqtt' || transport === 'amqp' ? ports[transport] : job.port;
  const socket = connectTls({ host: '127.0.0.1', port: port ?? 0, servername: hostName, secureContext });
  if (!isWebSocket) {
    await once(socket, 'secureConnect');
    return socket;
  }
  const subprotocol = transport === 'mqtt-ws' ? 'mqtt' : 'AMQPWSB10';
  const webSocket = new WebSocket(`wss://${hostName}/$iothub/websocket`, subprotocol, {
    createConnection: () => socket,
    perMessageDeflate: false,
  });
  await once(webSocket, 'open');
  return createWebSocketStream(webSocket);
}
