import { describe, expect, it } from 'vitest';
import { answerSchemas, decodeMessage, encodeMessage, questionSchemas } from './messages.ts';

describe('messages', () => {
  it('come through as they were', async () => {
    const said = { worker: 'a', range: 3, delivery: 1, outcomes: [{ index: 3 }], keys: [] };
    expect(questionSchemas.result.parse(await decodeMessage(await encodeMessage(said)))).toEqual(said);
  });

  it('are a fraction of their size for outcomes, which are much alike', async () => {
    const outcomes = Array.from({ length: 1000 }, (_, index) => ({
      index,
      result: { kind: 'assigned', hub: 'one.example' },
    }));
    expect((await encodeMessage(outcomes)).length).toBeLessThan(JSON.stringify(outcomes).length / 5);
  });

  it.each([
    ['what is not compressed', new TextEncoder().encode('{}')],
    ['nothing', new Uint8Array()],
  ])('are not %s', async (_, data) => {
    await expect(decodeMessage(data)).rejects.toThrow();
  });

  it.each([
    ['a lease that was never given out', questionSchemas.lease, { worker: 'a', range: 0, delivery: 0 }],
    ['a key that nobody knows', questionSchemas.lease, { worker: 'a', range: 0, delivery: 1, more: 1 }],
    ['a phase that nobody knows', answerSchemas.snapshot, { phase: { kind: 'lunch' } }],
    ['a start without a moment', answerSchemas.snapshot, { phase: { kind: 'going' } }],
  ])('are refused for %s', (_, schema, message) => {
    expect(schema.safeParse(message).success).toBe(false);
  });
});
