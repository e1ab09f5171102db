import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError } from '../kernel/errors.ts';
import { scanFrame, scanSections } from './amqp-frames.ts';
import { AmqpInput } from './amqp-input.ts';
import { performativeNames, recordedClient, recording } from './testing/amqp-peer.ts';

const limits = { maxFrameBytes: 65_536, maxMessageBytes: 1_000 };
const frames = recording.steps.filter(({ what }) => what !== 'header');

describe('scanFrame', () => {
  it.each(frames)('passes $what of a recorded $from', ({ hex, what }) => {
    const { performative, fields } = scanFrame(Buffer.from(hex, 'hex'));
    expect(performativeNames[performative ?? -1] ?? 'sasl-init').toBe(what);
    expect(fields.length).toBeLessThanOrEqual(14);
  });

  it('finds the message behind a transfer', () => {
    const [transfer] = frames.filter(({ what, from }) => what === 'transfer' && from === 'client');
    const { payload, fields } = scanFrame(Buffer.from(transfer?.hex ?? '', 'hex'));
    expect(fields[0]).toBe(1);
    expect(Buffer.from(payload).toString('latin1')).toContain('iotdps-register');
    expect(() => scanSections(payload)).not.toThrow();
  });

  it('refuses every recorded frame that is cut, with a size to match', () => {
    for (const { hex } of frames) {
      const whole = Buffer.from(hex, 'hex');
      const { payload } = scanFrame(whole);
      // A message may end anywhere as far as its frame goes.
      for (let length = 9; length < whole.length - payload.length; length += 1) {
        const cut = Buffer.from(whole.subarray(0, length));
        cut.writeUInt32BE(length);
        expect(() => scanFrame(cut)).toThrow(CodecError);
      }
    }
  });

  it('throws nothing but CodecError for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const bytes = Buffer.concat([Buffer.from('0000000002000000', 'hex'), body]);
        bytes.writeUInt32BE(bytes.length);
        for (const scan of [() => scanFrame(bytes), () => scanSections(body)]) {
          try {
            scan();
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('AmqpInput', () => {
  it('cuts a stream into the same pieces wherever its chunks end', () => {
    const stream = Buffer.from(recordedClient.join(''), 'hex');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sizes) => {
        const input = new AmqpInput(limits);
        const pieces: string[] = [];
        for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
          const end = offset + (sizes[turn % sizes.length] ?? 1);
          for (const { bytes } of input.take(stream.subarray(offset, end)))
            pieces.push(bytes.toString('hex'));
          offset = end;
        }
        expect(pieces).toEqual(recordedClient);
      }),
    );
  });

  /** transfer: handle 0, delivery 0, tag, format 0, settled false, more */
  const transfer = (handle: number, more: boolean, payload: Uint8Array): Buffer => {
    const list = Buffer.from(`005314c00a06520${handle}43a0013043${more ? '4241' : '4242'}`, 'hex');
    const bytes = Buffer.concat([Buffer.from('0000000002000000', 'hex'), list, payload]);
    bytes.writeUInt32BE(bytes.length);
    return bytes;
  };
  const takeAll = (input: AmqpInput, pieces: readonly Buffer[]) =>
    pieces.flatMap((piece) => [...input.take(piece)]);

  it('counts a message over all its frames', () => {
    const part = transfer(0, true, new Uint8Array(400));
    expect(takeAll(new AmqpInput(limits), [part, part])).toHaveLength(2);
    expect(() => takeAll(new AmqpInput(limits), [part, part, part])).toThrow(CodecError);
  });

  it('bounds the messages that are never finished', () => {
    const parts = Array.from({ length: 9 }, (_, handle) => transfer(handle, true, new Uint8Array(1)));
    expect(takeAll(new AmqpInput(limits), parts.slice(0, 8))).toHaveLength(8);
    expect(() => takeAll(new AmqpInput(limits), parts)).toThrow(CodecError);
  });

  it('looks into a message once it is whole', () => {
    const body = Buffer.from('005377a10568656c6c6f', 'hex'); // amqp-value "hello"
    const [first, last] = [transfer(0, true, body.subarray(0, 4)), transfer(0, false, body.subarray(4))];
    expect(takeAll(new AmqpInput(limits), [first, last])).toHaveLength(2);
    const wrong = transfer(0, false, Buffer.from('ffff', 'hex'));
    expect(() => takeAll(new AmqpInput(limits), [first, wrong])).toThrow(CodecError);
  });
});
