import { duplexPair } from 'node:stream';
import { generate, type Packet, parser } from 'mqtt-packet';
import { type MqttApplication, serveMqtt } from '../mqtt-connection.ts';

/** A client of an application in this process, that sends what it is told and shows what comes. */
export function openMqttClient(application: MqttApplication) {
  const [client, server] = duplexPair();
  const seen: Packet[] = [];
  const packets = parser({ protocolVersion: 4 });
  let told: (() => void) | undefined;
  packets.on('packet', (packet: Packet) => {
    seen.push(packet);
    told?.();
  });
  client.on('data', (chunk: Buffer) => packets.parse(chunk));
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  serveMqtt(server, application);
  return {
    /** The server has closed. */
    ended,
    /** Sends, and gives the packets that answer it. */
    async ask(packet: Packet, answers = 1): Promise<Packet[]> {
      seen.length = 0;
      client.write(generate(packet));
      while (seen.length < answers) await new Promise<void>((resolve) => (told = resolve));
      return [...seen];
    },
    send: (packet: Packet) => client.write(generate(packet)),
    /** Goes away without a word. */
    vanish: () => client.destroy(),
  };
}
