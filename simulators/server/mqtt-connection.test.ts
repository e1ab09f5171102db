import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bytesOf, openPeer, packets } from './testing/mqtt-peer.ts';

const hex = (...parts: readonly string[]): string => bytesOf(...parts).toString('hex');
const { connect, connack, subscribe, suback, publish, puback, delivered } = packets;

describe('MQTT connection', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('answers a whole session as the standard has it, PUBACK before what follows from the message', async () => {
    const { unsubscribe, unsuback, pingreq, pingresp, disconnect } = packets;
    const peer = openPeer();
    const answer = await peer.answerTo(
      connect,
      subscribe,
      publish,
      pingreq,
      unsubscribe,
      publish,
      disconnect,
    );
    expect(answer).toBe(hex(connack, suback, puback, delivered, pingresp, unsuback, puback));
    expect(peer.problems).toEqual([]);
  });

  it('reads a session that comes byte by byte', async () => {
    const peer = openPeer();
    for (const byte of bytesOf(connect, subscribe)) peer.client.write(Uint8Array.of(byte));
    expect(await peer.answerTo(publish)).toBe(hex(connack, suback, puback, delivered));
  });

  it('gives the application what CONNECT says', async () => {
    const asked: unknown[] = [];
    const peer = openPeer({}, (packet) => {
      asked.push(packet);
      return { refused: 5 };
    });
    expect(await peer.untilClosed(bytesOf(connect))).toBe(hex('2002 0005'));
    expect(asked).toEqual([
      {
        clientId: 'dev',
        userName: 'u',
        password: 'p',
        keepAliveSeconds: 60,
        isCleanSession: true,
        will: undefined,
      },
    ]);
  });

  it.each([
    ['level 5', '1010 0004 4d515454 05 02 003c 00 0003 646576'],
    ['level 3', '1011 0006 4d5149736470 03 02 003c 0003 646576'],
    ['a level that nobody knows', '100f 0004 4d515454 63 02 003c 0003 646576'],
  ])('answers %s with return code 1 and closes', async (_, packet) => {
    expect(await openPeer().untilClosed(bytesOf(packet))).toBe(hex('2002 0001'));
  });

  it.each([
    ['something else than CONNECT first', [publish]],
    ['another protocol name', ['100f 0004 4d51545a 04 02 003c 0003 646576']],
    ['a reserved flag of CONNECT', ['100f 0004 4d515454 04 03 003c 0003 646576']],
    ['a password without a user name', ['1012 0004 4d515454 04 42 003c 0003 646576 0001 70']],
    ['a client id that is no UTF-8', ['100f 0004 4d515454 04 02 003c 0003 64ff76']],
    ['a second CONNECT', [connect, connect]],
    ['a packet for servers to send', [connect, connack]],
    ['wrong header flags', [connect, '8008 0001 0003 612f23 01']],
    ['a length that never ends', [connect, '32ffffffff']],
    ['a length above the limit', [connect, '32ffff7f']],
    ['QoS 3', [connect, '3609 0003 612f62 000a 6869']],
    ['QoS 2', [connect, '3409 0003 612f62 000a 6869']],
    ['DUP with QoS 0', [connect, '3807 0003 612f62 6869']],
    ['packet identifier 0', [connect, '3209 0003 612f62 0000 6869']],
    ['a topic name with a wildcard', [connect, '3209 0003 612f23 000a 6869']],
    ['a topic that is longer than its packet', [connect, '3209 00ff 612f62 000a 6869']],
    ['SUBSCRIBE without a filter', [connect, '8202 0001']],
    ['SUBSCRIBE with QoS 3', [connect, '8208 0001 0003 612f23 03']],
    ['a malformed filter', [connect, '8208 0001 0003 232f61 01']],
    ['UNSUBSCRIBE without a filter', [connect, 'a202 0001']],
    ['PINGREQ with a body', [connect, 'c001 00']],
  ])('closes on %s', async (_, sent) => {
    const peer = openPeer();
    const answer = await peer.untilClosed(bytesOf(...sent));
    expect([hex(connack), '']).toContain(answer);
    expect(peer.problems).toHaveLength(1);
    expect(peer.received).toEqual([]);
  });

  it('closes without PUBACK when the application has it so', async () => {
    const peer = openPeer({ receive: () => ({ close: 'not here' }) });
    expect(await peer.untilClosed(bytesOf(connect, publish))).toBe(hex(connack));
    expect(peer.problems).toEqual(['not here']);
  });

  it('says when a filter is refused, and delivers nothing for it', async () => {
    const peer = openPeer({ subscribe: () => 0x80 });
    expect(await peer.answerTo(connect, subscribe, publish)).toBe(hex(connack, '9003 0001 80', puback));
  });

  it('tells the session once how it ended', async () => {
    for (const [sent, reason] of [
      [[connect, packets.disconnect], 'disconnect'],
      [[connect], 'lost'],
    ] as const) {
      const closed = vi.fn();
      const peer = openPeer({ closed });
      await peer.answerTo(...sent);
      await vi.waitFor(() => expect(closed).toHaveBeenCalledExactlyOnceWith(reason));
    }
  });

  it('gives up who sends no CONNECT, and who is silent for one and a half keep-alives', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const mute = openPeer();
    const closedMute = mute.untilClosed(Buffer.alloc(0));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await closedMute).toBe('');

    const silent = openPeer();
    const closed = silent.untilClosed(bytesOf(connect));
    await vi.advanceTimersByTimeAsync(89_999);
    expect(silent.problems).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await closed).toBe(hex(connack));
    expect(silent.problems).toHaveLength(1);
  });

  it('answers who does not read no further, and drops it in the end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const closed = vi.fn();
    const peer = openPeer({ closed });
    peer.client.pause();
    const flood = bytesOf(connect, subscribe, ...Array.from({ length: 20_000 }, () => publish));
    peer.client.write(flood);
    await vi.advanceTimersByTimeAsync(100);
    expect(peer.received.length).toBeLessThan(20_000);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(closed).toHaveBeenCalledExactlyOnceWith('lost');
  });

  it('survives any bytes, before CONNECT and after it', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), bytes, async (isConnected, sent) => {
        const peer = openPeer();
        if (isConnected) peer.client.write(bytesOf(connect));
        const answer = await peer.answerTo(Buffer.from(sent).toString('hex'));
        expect(answer.startsWith(isConnected ? hex(connack) : '')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('survives a session that is cut short or bent anywhere', async () => {
    const whole = bytesOf(connect, subscribe, publish);
    const place = fc.nat({ max: whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.nat({ max: 255 }), fc.boolean(), async (at, value, isCut) => {
        const sent = Buffer.from(isCut ? whole.subarray(0, at) : whole);
        if (!isCut) sent[at] = value;
        const peer = openPeer();
        await peer.answerTo(sent.toString('hex'));
        expect(peer.received.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });
});
