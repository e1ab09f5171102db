import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningDps, startDps } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { deviceToken } from '../support/device-tokens.ts';
import { openRaw, type RawConnection, requestText, sendOnce } from '../support/raw-https.ts';

const key = new Uint8Array(32).fill(7);

describe('the device API under random input', () => {
  let dps: RunningDps;
  beforeAll(async () => {
    dps = await startDps();
    const primaryKey = toBase64(key);
    await dps.control.enroll([
      { registrationId: 'dev-01', attestation: { type: 'symmetricKey', symmetricKey: { primaryKey } } },
    ]);
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
  });

  const registerPath = () => `/${dps.idScope}/registrations/dev-01/register?api-version=2021-06-01`;
  const token = () => deviceToken({ idScope: dps.idScope, registrationId: 'dev-01', key });
  const expectAlive = async () => {
    const headers = { Authorization: token() };
    expect((await sendOnce(dps, requestText('PUT', registerPath(), { body: '{}', headers }))).status).toBe(
      202,
    );
  };
  /** Sends over one connection as long as the server keeps it. */
  const sender = () => {
    let connection: RawConnection | undefined;
    return {
      send: async (request: string | Uint8Array) => {
        connection ??= await openRaw(dps);
        const answer = await connection.send(request);
        if (answer.headers.get('connection') === 'close') {
          await connection[Symbol.asyncDispose]();
          connection = undefined;
        }
        return answer;
      },
      [Symbol.asyncDispose]: async () => {
        await connection?.[Symbol.asyncDispose]();
      },
    };
  };

  it('answers every body with a client error or accepts it, and never with a server error', async () => {
    await using to = sender();
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .record(
          { registrationId: fc.anything(), tpm: fc.anything(), payload: fc.anything(), csr: fc.anything() },
          { requiredKeys: [] },
        )
        .map((value) => new TextEncoder().encode(safeJson(value))),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), async (bytes, withToken) => {
        const head = requestText('PUT', registerPath(), {
          headers: {
            'Content-Type': 'application/json',
            'Content-Length': String(bytes.length),
            ...(withToken ? { Authorization: token() } : {}),
          },
        });
        const answer = await to.send(Buffer.concat([Buffer.from(head), bytes]));
        expect(withToken ? [202, 400] : [400, 401]).toContain(answer.status);
      }),
      { numRuns: 400 },
    );
    await expectAlive();
  });

  it('answers every path that HTTP allows', async () => {
    await using to = sender();
    const letter = fc.constantFrom(
      ...'/%?&=.~:@!$()*+,;-_abcABC019',
      '%2F',
      '%00',
      '%ff',
      dps.idScope,
      'registrations',
    );
    const path = fc.array(letter, { maxLength: 40 }).map((parts) => `/${parts.join('')}`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'),
        path,
        async (method, target) => {
          const answer = await to.send(requestText(method, target));
          expect([400, 404, 405, 415, 401]).toContain(answer.status);
        },
      ),
      { numRuns: 400 },
    );
    await expectAlive();
  });

  it('answers every Authorization header', async () => {
    await using to = sender();
    const value = fc
      .oneof(
        fc.string({ unit: fc.constantFrom(...'=&%srigekn 0123456789abcABC/+') }),
        fc.string().map((text) => text.replaceAll(/[^\x21-\x7e]/g, '')),
      )
      .map((text) => `SharedAccessSignature ${text}`.trim());
    await fc.assert(
      fc.asyncProperty(value, async (authorization) => {
        const headers = { Authorization: authorization };
        const answer = await to.send(requestText('PUT', registerPath(), { body: '{}', headers }));
        expect(answer.status).toBe(401);
        expect(answer.json['errorCode']).toBe(401000);
      }),
      { numRuns: 400 },
    );
    await expectAlive();
  });

  it('lives on after bytes that are no HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        await using connection = await openRaw(dps);
        connection.socket.end(bytes);
        await connection.closed();
      }),
      { numRuns: 100 },
    );
    await expectAlive();
  });

  it('lives on after bytes that are no TLS, and after handshakes that are cut short', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const socket = connect(dps.https.port, dps.https.address);
        socket.on('error', () => undefined);
        socket.resume();
        socket.end(bytes);
        if (!socket.closed) await once(socket, 'close');
      }),
      { numRuns: 100 },
    );
    await expectAlive();
  });
});

/** Some of what fast-check makes cannot be JSON: bigint, cycles. */
function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_name, member: unknown) =>
      typeof member === 'bigint' ? String(member) : member,
    );
  } catch {
    return '{}';
  }
}
