import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTpmExchange, type TpmChallenger } from './amqp-tpm-sasl.ts';

/** As the SDKs for Node, C, C# and Java write and read it; see docs/amqp.md. */
const init = Buffer.from('\x000ne1\0r1\0EK');
const device = { idScope: '0ne1', registrationId: 'r1' };

const challenger = (other: Partial<TpmChallenger> = {}): TpmChallenger => ({
  challenge: () => Buffer.from('0123456789a'),
  admits: () => true,
  ...other,
});

const refused = { kind: 'decided', authenticated: false };
const challenge = (hex: string) => ({ kind: 'challenge', bytes: Uint8Array.from(Buffer.from(hex, 'hex')) });

describe('the SASL mechanism TPM of the service', () => {
  it('exchanges identity and EK, SRK, two parts of a challenge and a token', () => {
    const calls: unknown[] = [];
    const exchange = createTpmExchange(
      challenger({
        challenge: (...call) => {
          calls.push(call);
          return Buffer.from('0123456789a');
        },
        admits: (...call) => calls.push(call) > 0,
      }),
    );
    expect(exchange.next(init)).toEqual(challenge('00'));
    expect(exchange.next(Buffer.from('\0SRK'))).toEqual(challenge('80303132333435'));
    expect(exchange.next(Buffer.of(0))).toEqual(challenge('c13637383961'));
    expect(exchange.next(Buffer.from('\0SharedAccessSignature …'))).toEqual({
      kind: 'decided',
      authenticated: true,
    });
    expect(calls).toEqual([
      [device, { endorsementKey: Buffer.from('EK'), storageRootKey: Buffer.from('SRK') }],
      [device, 'SharedAccessSignature …'],
    ]);
  });

  it('refuses a device that the core refuses, and a token that it does not admit', () => {
    const unknown = createTpmExchange(challenger({ challenge: () => undefined }));
    unknown.next(init);
    expect(unknown.next(Buffer.from('\0SRK'))).toEqual(refused);
    const wrongKey = createTpmExchange(challenger({ admits: () => false }));
    for (const response of [init, Buffer.from('\0SRK'), Buffer.of(0)]) wrongKey.next(response);
    expect(wrongKey.next(Buffer.from('\0token'))).toEqual(refused);
  });

  it.each([
    ['nothing at all', []],
    ['a first fragment of the C SDK', ['\x800ne1\0r1\0EK']],
    ['an identity without EK', ['\x000ne1\0r1']],
    ['no SRK', ['\x000ne1\0r1\0EK', '\0']],
    ['the token in place of an acknowledgement', ['\x000ne1\0r1\0EK', '\0SRK', '\0token']],
    ['an empty token', ['\x000ne1\0r1\0EK', '\0SRK', '\0', '\0']],
  ])('refuses %s', (_what, responses) => {
    const exchange = createTpmExchange(challenger());
    const steps = [...responses, ...(responses.length === 0 ? [''] : [])].map((response) =>
      exchange.next(Buffer.from(response, 'latin1')),
    );
    expect(steps.at(-1)).toEqual(refused);
  });

  it('admits nobody for random responses', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 }), (responses) => {
        const exchange = createTpmExchange(challenger({ admits: () => false }));
        for (const response of responses) {
          const step = exchange.next(Buffer.from(response));
          expect(step.kind === 'decided' && step.authenticated).toBe(false);
        }
      }),
    );
  });
});
