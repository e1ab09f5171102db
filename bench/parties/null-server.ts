import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { cpuMeter } from '../cpu-meter.ts';
import { memoryMeter } from '../memory-meter.ts';
import { serveNullAmqp } from '../null-amqp.ts';
import { nullHttp } from '../null-http.ts';
import { serveNullMqtt } from '../null-mqtt.ts';
import { serveParty } from '../party.ts';

/**
 * The emulator's yardstick, on each transport: the same TLS settings, the same library and the same JSON over the wire, and
 * nothing verified, looked up or remembered. Answers register with `assigning` and every status query with `assigned`.
 */
const { cert, key } = JSON.parse(process.env['BENCH_TLS'] ?? '{}') as { cert: string; key: string };
const tls = { cert, key, requestCert: true, rejectUnauthorized: false };

const web = createHttpsServer(tls, nullHttp);
web.keepAliveTimeout = 60_000;
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
web.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    const stream = createWebSocketStream(webSocket);
    stream.on('error', () => stream.destroy());
    if (webSocket.protocol === 'mqtt') serveNullMqtt(stream);
    else serveNullAmqp(stream);
  });
});

serveParty({
  listen: async () => ({
    port: await listening(web),
    mqttPort: await listening(createTlsServer(tls, serveNullMqtt)),
    amqpPort: await listening(createTlsServer(tls, serveNullAmqp)),
  }),
  ...memoryMeter(),
  ...cpuMeter(),
});

async function listening(server: ReturnType<typeof createTlsServer>): Promise<number> {
  server.on('secureConnection', (socket: Duplex) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
