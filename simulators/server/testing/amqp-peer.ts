import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import recording from '../../../test/vectors/amqp/node-sdk-symmetric-key.json' with { type: 'json' };
import { type AmqpApplication, serveAmqp } from '../amqp-connection.ts';
import { scanFrame } from '../amqp-frames.ts';

export { recording };

/** The other end of a connection, on which any bytes can be sent. */
export interface AmqpPeer {
  readonly stream: Duplex;
  send(...pieces: readonly (Uint8Array | string)[]): void;
  /** Names of the headers and frames that came until the server fell silent or closed. */
  answers(): Promise<string[]>;
  /** Waits until the server has closed the connection. */
  closed(): Promise<void>;
}

export const performativeNames: Readonly<Record<number, string>> = {
  16: 'open',
  17: 'begin',
  18: 'attach',
  19: 'flow',
  20: 'transfer',
  21: 'disposition',
  22: 'detach',
  23: 'end',
  24: 'close',
  64: 'sasl-mechanisms',
  66: 'sasl-challenge',
  68: 'sasl-outcome',
};

/** @param pieces bytes, or hexadecimal text of them */
export function openAmqpPeer(application: AmqpApplication): AmqpPeer {
  const [stream, served] = duplexPair();
  serveAmqp(served, application);
  // A pair of duplexes does not close by itself as sockets do.
  served.once('finish', () => served.destroy());
  stream.on('error', () => undefined);
  let received = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  return {
    stream,
    send: (...pieces) => {
      for (const piece of pieces) stream.write(typeof piece === 'string' ? Buffer.from(piece, 'hex') : piece);
    },
    answers: async () => {
      for (let length = -1; length !== received.length; ) {
        length = received.length;
        for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      return [...names(received)];
    },
    closed: async () => {
      if (!stream.readableEnded) await once(stream, 'end');
    },
  };
}

function* names(bytes: Buffer): Generator<string> {
  for (let offset = 0; offset < bytes.length; ) {
    if (bytes.toString('latin1', offset, offset + 4) === 'AMQP') {
      yield 'header';
      offset += 8;
    } else {
      const size = bytes.readUInt32BE(offset);
      yield performativeNames[scanFrame(bytes.subarray(offset, offset + size)).performative ?? -1] ?? 'empty';
      offset += size;
    }
  }
}

/** Everything that the client of the recording sent, in order. */
export const recordedClient: readonly string[] = recording.steps
  .filter(({ from }) => from === 'client')
  .map(({ hex }) => hex);

export const recordedAnswers: readonly string[] = recording.steps
  .filter(({ from }) => from === 'service')
  .map(({ what }) => what);
