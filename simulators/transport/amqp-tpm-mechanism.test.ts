import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError } from '../kernel/errors.ts';
import { createTpmHandshake } from './amqp-tpm-mechanism.ts';

const identity = {
  idScope: '0ne1',
  registrationId: 'r1',
  endorsementKey: Buffer.from('EK'),
  storageRootKey: Buffer.from('SRK'),
};

/** What the device sends in turn; an error ends the exchange. */
function begin() {
  const handshake = createTpmHandshake(identity);
  const sent: (Error | string)[] = [];
  const respond = (error: Error | undefined, response?: Buffer) => {
    sent.push(error ?? (response ?? Buffer.alloc(0)).toString('latin1'));
  };
  handshake.mechanism.start(respond);
  return {
    ...handshake,
    sent,
    step: (...bytes: number[]) => handshake.mechanism.step(Buffer.from(bytes), respond),
  };
}

describe('the SASL mechanism TPM of a device', () => {
  it('presents EK and SRK, puts the challenge together and waits for the token', async () => {
    const { sent, step, challenge, answer } = begin();
    step(0);
    step(0x80, 1, 2);
    step(0xc1, 3);
    expect(sent).toEqual(['\x000ne1\0r1\0EK', '\0SRK', '\0']);
    expect(Buffer.from(await challenge)).toEqual(Buffer.of(1, 2, 3));
    answer('token');
    expect(sent.at(-1)).toBe('\0token');
  });

  it.each([1, 2, 3, 4])('takes a challenge in %i parts', async (count) => {
    const { step, challenge } = begin();
    step(0);
    for (let part = 0; part < count; part += 1) step(0x80 | (part === count - 1 ? 0x40 : 0) | part, part);
    expect([...(await challenge)]).toEqual(Array.from({ length: count }, (_, part) => part));
  });

  it.each([
    ['a first challenge that is not one zero', [[1]]],
    ['a part out of order', [[0], [0x81, 1]]],
    ['a part twice', [[0], [0x80, 1], [0x80, 1]]],
    ['a part without the bit that says so', [[0], [0x00, 1]]],
    ['an empty part', [[0], []]],
  ])('refuses %s', (_what, challenges) => {
    const { sent, step } = begin();
    for (const bytes of challenges) step(...bytes);
    expect(sent.at(-1)).toBeInstanceOf(CodecError);
  });

  it('gives back any blob, however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1000 }), fc.nat(1000), async (blob, cut) => {
        const { step, challenge } = begin();
        step(0);
        step(0x80, ...blob.subarray(0, cut));
        step(0xc1, ...blob.subarray(cut));
        expect([...(await challenge)]).toEqual([...blob]);
      }),
    );
  });
});
