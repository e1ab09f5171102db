import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AmqpApplication } from './amqp-connection.ts';
import type { AmqpMessage } from './amqp-message.ts';
import { plainMechanism } from './amqp-sasl.ts';
import { openAmqpPeer, recordedAnswers, recordedClient, recording } from './testing/amqp-peer.ts';

const address = `${recording.idScope}/registrations/${recording.registrationId}`;
const saslHeader = '414d515003010000';
const bareHeader = '414d515000010000';
const [, saslInit = '', , open = '', begin = ''] = recordedClient;

function createApplication(other: Partial<AmqpApplication> = {}) {
  const messages: AmqpMessage[] = [];
  const problems: string[] = [];
  const application: AmqpApplication = {
    mechanisms: { PLAIN: plainMechanism((user, password) => user === address && password !== 'wrong') },
    refuseLink: (wanted) => (wanted === address ? undefined : { condition: 'amqp:not-found' }),
    receive: (message) => {
      messages.push(message);
      return { kind: 'accepted', reply: { body: Buffer.from('{}') } };
    },
    onProblem: (reason) => problems.push(reason),
    ...other,
  };
  return { application, messages, problems };
}

/** Sends piece by piece and waits for what each brings about, as a client does. */
async function converse(application: AmqpApplication, pieces: readonly string[]): Promise<string[]> {
  const peer = openAmqpPeer(application);
  for (const piece of pieces) {
    peer.send(piece);
    await peer.answers();
  }
  return peer.answers();
}

describe('an AMQP connection of the server', () => {
  it('serves a recorded registration of the official Node SDK', async () => {
    const { application, messages } = createApplication();
    const answers = await converse(application, recordedClient);
    // How often credit is renewed is the server's own affair.
    const withoutFlow = (names: readonly string[]) => names.filter((name) => name !== 'flow');
    expect(withoutFlow(answers)).toEqual(withoutFlow(recordedAnswers));
    expect(
      messages.map(({ applicationProperties }) => applicationProperties['iotdps-operation-type']),
    ).toEqual(['iotdps-register', 'iotdps-get-operationstatus']);
    expect(JSON.parse(messages[0]?.body.toString() ?? '')).toEqual({ registrationId: 'dev-01' });
  });

  it('reads the same from a stream that comes byte by byte', async () => {
    const { application, messages } = createApplication();
    const peer = openAmqpPeer(application);
    for (const piece of recordedClient) {
      for (const byte of Buffer.from(piece, 'hex')) peer.send(Uint8Array.of(byte));
      await peer.answers();
    }
    expect(messages).toHaveLength(2);
  });

  it('reads the same from a client that waits for no answer', async () => {
    const { application, messages } = createApplication();
    const peer = openAmqpPeer(application);
    const upToRequest = recordedClient.slice(0, 9);
    peer.send(Buffer.from(upToRequest.join(''), 'hex'));
    expect(await peer.answers()).toContain('transfer');
    expect(messages).toHaveLength(1);
    peer.stream.destroy();
  });

  it('settles a request before it replies', async () => {
    const { application } = createApplication();
    const answers = await converse(application, recordedClient);
    expect(answers.indexOf('disposition')).toBeLessThan(answers.indexOf('transfer'));
  });

  it('serves a client that begins without SASL', async () => {
    const { application, messages } = createApplication();
    const withoutSasl = recordedClient.slice(recordedClient.indexOf(bareHeader));
    const answers = await converse(application, withoutSasl);
    expect(answers.slice(0, 4)).toEqual(['header', 'open', 'begin', 'attach']);
    expect(messages).toHaveLength(2);
  });

  it('ends a connection whose password is wrong, after the outcome', async () => {
    const { application } = createApplication({ mechanisms: { PLAIN: plainMechanism(() => false) } });
    const peer = openAmqpPeer(application);
    peer.send(saslHeader);
    await peer.answers();
    peer.send(saslInit);
    await peer.closed();
    expect(await peer.answers()).toEqual(['header', 'sasl-mechanisms', 'sasl-outcome']);
  });

  it.each([
    ['another protocol', ['474554202f20485454502f312e310d0a']],
    ['another version of AMQP', ['414d515000000901']],
    ['a frame before any header', [open]],
    ['an AMQP frame in the SASL layer', [saslHeader, open]],
    ['AMQP before SASL is done', [saslHeader, bareHeader]],
    ['a second header', [bareHeader, bareHeader]],
    ['a SASL frame after the header of AMQP', [bareHeader, saslInit]],
    ['a second open', [bareHeader, open, open]],
    ['an attach on a channel without session', [bareHeader, open, recordedClient[5] ?? '']],
    ['a frame shorter than its header', [bareHeader, '0000000402000000']],
    ['a frame larger than agreed', [bareHeader, '0100000002000000']],
    ['a SASL frame larger than any token', [saslHeader, '0000800002010000']],
    ['a frame cut off inside a value', [bareHeader, frame('005310c01001a1ff41')]],
    ['an array of four billion nulls', [bareHeader, frame('005310c00b01f000000005ffffffff40')]],
    ['a disposition of four billion deliveries', [bareHeader, open, begin, dispositionOfAll()]],
  ])('ends a connection that sends %s', async (_what, pieces) => {
    const { application, problems } = createApplication();
    const peer = openAmqpPeer(application);
    for (const piece of pieces) {
      peer.send(piece);
      await peer.answers();
    }
    await peer.closed();
    expect(problems.length).toBeGreaterThan(0);
  });

  it('closes where a client wants frames too small to answer in, without waiting for its goodbye', async () => {
    const { application } = createApplication();
    // open: container-id "c", no hostname, max-frame-size 100
    const peer = openAmqpPeer(application);
    peer.send(bareHeader, frame('005310c00703a10163405264'));
    await peer.closed();
    expect(await peer.answers()).toEqual(['header', 'open', 'close']);
  });

  it('refuses a link to a foreign address by detaching it', async () => {
    const { application } = createApplication({ refuseLink: () => ({ condition: 'amqp:not-found' }) });
    const withoutSasl = recordedClient.slice(recordedClient.indexOf(bareHeader));
    expect(await converse(application, withoutSasl.slice(0, 4))).toEqual([
      'header',
      'open',
      'begin',
      'attach',
      'detach',
    ]);
  });

  it('survives any bytes, and any change to a recorded client', async () => {
    const recorded = recordedClient.map((hex) => Buffer.from(hex, 'hex'));
    const change = fc.record({
      piece: fc.nat(recorded.length - 1),
      at: fc.nat(300),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(change, { maxLength: 3 }),
        async (noise, changes) => {
          const { application } = createApplication();
          const peer = openAmqpPeer(application);
          const pieces = recorded.map((piece) => Buffer.from(piece));
          for (const { piece, at, bytes, cut } of changes) {
            const target = pieces[piece] ?? Buffer.alloc(0);
            target.set(bytes.subarray(0, Math.max(0, target.length - at)), Math.min(at, target.length));
            if (cut) pieces[piece] = target.subarray(0, at);
          }
          for (const piece of [...pieces, noise]) {
            peer.send(piece);
            await new Promise((resolve) => setImmediate(resolve));
          }
          peer.stream.destroy();
        },
      ),
      { numRuns: 150, interruptAfterTimeLimit: 15_000 }, // on a busy machine fewer must do
    );
    const { application, messages } = createApplication();
    await converse(application, recordedClient);
    expect(messages).toHaveLength(2);
  });
});

function frame(performative: string): string {
  const size = (performative.length / 2 + 8).toString(16).padStart(8, '0');
  return `${size}02000000${performative}`;
}

/** role receiver, first 0, last 2^32 - 1 */
function dispositionOfAll(): string {
  return frame('005315c00803414370ffffffff');
}
