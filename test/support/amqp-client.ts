import { connect } from 'node:tls';
import rhea, { type Connection, type ConnectionOptions, type EventContext, type Message } from 'rhea';
import type { RunningDps } from '../../simulators/index.ts';
import { isRecord, type JsonRecord } from './json-record.ts';

/** What came back for a message. */
export interface AmqpAnswer {
  readonly outcome: 'accepted' | 'rejected';
  readonly error?: { readonly condition: string; readonly description: string; readonly info?: JsonRecord };
  readonly reply?: { readonly message: Message; readonly json: JsonRecord };
}

/** A client that does what a test tells it, as no SDK would. */
export interface AmqpClient extends AsyncDisposable {
  /** Sends, and waits for the rejection or for the next reply. */
  request(message: Message): Promise<AmqpAnswer>;
  /** Condition with which the service ended the link or the connection. */
  readonly ended: Promise<string>;
}

/** @param address of both links, in any of the forms that clients use */
export function openAmqpClient(
  { amqp, https, caPem }: Pick<RunningDps, 'amqp' | 'https' | 'caPem'>,
  address: string,
  login?: { readonly username: string; readonly password: string },
): AmqpClient {
  const socket = connect({ host: https.address, port: amqp.port, ca: caPem, servername: https.hostName });
  const connection = rhea.create_container().create_connection({
    hostname: https.hostName,
    reconnect: false,
    ...login,
    connection_details: () => ({
      host: '',
      port: 0,
      connect: (_port: unknown, _host: unknown, _options: unknown, connected: () => void) => {
        socket.once('secureConnect', connected);
        return socket;
      },
    }),
  } as unknown as ConnectionOptions);
  const ended = listenForEnd(connection);
  connection.connect();
  connection.open_receiver({ source: address });
  const sender = connection.open_sender({ target: address });
  const sendable = new Promise<void>((resolve) => sender.once('sendable', () => resolve()));
  return {
    ended,
    request: async (message) => {
      await sendable;
      const answer = nextAnswer(connection);
      sender.send(message);
      return answer;
    },
    [Symbol.asyncDispose]: () => {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      if (socket.destroyed) return Promise.resolve();
      socket.destroy(new Error('done')); // an error is what makes rhea stop its timers
      return closed;
    },
  };
}

function listenForEnd(connection: Connection): Promise<string> {
  connection.on('disconnected', () => undefined);
  connection.on('error', () => undefined);
  return new Promise((resolve) => {
    for (const event of ['connection_error', 'sender_error', 'receiver_error'] as const) {
      connection.on(event, ({ sender, receiver, error }: EventContext) => {
        const { condition } = (error ?? sender?.error ?? receiver?.error ?? connection.error) as {
          condition: string;
        };
        resolve(condition);
      });
    }
  });
}

function nextAnswer(connection: Connection): Promise<AmqpAnswer> {
  return new Promise((resolve, reject) => {
    connection.once('rejected', ({ delivery }: EventContext) => {
      const state = delivery?.remote_state as { error?: NonNullable<AmqpAnswer['error']> } | undefined;
      resolve({ outcome: 'rejected', ...(state?.error === undefined ? {} : { error: state.error }) });
    });
    connection.once('message', ({ message }: EventContext) => {
      const { content } = (message as { body: { content: Buffer } }).body;
      const json: unknown = JSON.parse(content.toString());
      if (message === undefined || !isRecord(json)) reject(new Error('a reply that is no JSON object'));
      else resolve({ outcome: 'accepted', reply: { message, json } });
    });
  });
}
