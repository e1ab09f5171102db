import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import rhea, { type Connection, type ConnectionOptions, type EventContext, type Sender } from 'rhea';
import { nullAnswer } from './null-answer.ts';

/** The device API over AMQP with SASL PLAIN, nothing verified. */
export function serveNullAmqp(stream: Duplex): void {
  const container = rhea.create_container();
  const mechanisms = container.sasl_server_mechanisms as { enable_plain(check: () => boolean): void };
  mechanisms.enable_plain(() => true);
  const connection = container.create_connection({} as ConnectionOptions);
  let answers: Sender | undefined;
  connection.on('sender_open', ({ sender }: EventContext) => {
    answers = sender;
  });
  connection.on('message', ({ message }: EventContext) => {
    const properties = message?.application_properties as Readonly<Record<string, unknown>> | undefined;
    const registering = properties?.['iotdps-operation-type'] === 'iotdps-register';
    const body = rhea.message.data_section(Buffer.from(nullAnswer(registering, 'device'))) as unknown;
    answers?.send({ correlation_id: message?.correlation_id ?? '', body });
  });
  connection.on('disconnected', () => undefined); // else rhea writes to the console
  accept(connection, stream);
}

/** Of a socket rhea uses what any stream has. */
const accept = (connection: Connection, stream: Duplex): void =>
  (connection as unknown as { accept(socket: Socket): void }).accept(stream as Socket);
