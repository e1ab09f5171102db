import type { Duplex } from 'node:stream';
import { generate, type Packet, parser } from 'mqtt-packet';
import { nullAnswer } from './null-answer.ts';

/** The device API over MQTT, nothing verified: every packet gets the answer that a client waits for. */
export function serveNullMqtt(stream: Duplex): void {
  let registrationId = '';
  const packets = parser({ protocolVersion: 4 });
  packets.on('packet', (packet: Packet) => {
    switch (packet.cmd) {
      case 'connect':
        registrationId = packet.clientId;
        stream.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
        return;
      case 'subscribe':
        stream.write(generate({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [1] }));
        return;
      case 'publish': {
        const registering = packet.topic.includes('/PUT/');
        const rid = /\$rid=(\d+)/.exec(packet.topic)?.[1] ?? '';
        const common = { cmd: 'publish', qos: 1, dup: false, retain: false, messageId: 1 } as const;
        const topic = `$dps/registrations/res/${registering ? '202' : '200'}/?$rid=${rid}&retry-after=0`;
        const payload = nullAnswer(registering, registrationId);
        stream.write(
          Buffer.concat([
            generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }),
            generate({ ...common, topic, payload }),
          ]),
        );
        return;
      }
      case 'disconnect':
        stream.end();
        return;
      default:
    }
  });
  stream.on('data', (chunk: Buffer) => packets.parse(chunk));
}
