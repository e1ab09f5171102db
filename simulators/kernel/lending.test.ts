import { describe, expect, it } from 'vitest';
import { Lending } from './lending.ts';

const { signal } = new AbortController();

describe('Lending', () => {
  it('lends each thing to one borrower at a time, in the order in which they came', async () => {
    const lending = new Lending(['only']);
    const order: string[] = [];
    const borrow = async (name: string): Promise<void> => {
      const thing = (await lending.borrow(signal)) ?? expect.unreachable();
      order.push(name);
      await Promise.resolve();
      lending.giveBack(thing);
    };
    await Promise.all(['a', 'b', 'c'].map(borrow));
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('goes on with what is left', async () => {
    const lending = new Lending([1, 2]);
    await lending.borrow(signal);
    const kept = (await lending.borrow(signal)) ?? expect.unreachable();
    const waiting = lending.borrow(signal);
    lending.lose();
    lending.giveBack(kept);
    expect(await waiting).toBe(kept);
  });

  it('has nothing for anybody once all are lost', async () => {
    const lending = new Lending([1]);
    await lending.borrow(signal);
    const waiting = lending.borrow(signal);
    lending.lose();
    expect(await waiting).toBeUndefined();
    expect(await lending.borrow(signal)).toBeUndefined();
  });

  it('lets a borrower give up, and the others take its turn', async () => {
    const lending = new Lending([1]);
    const thing = (await lending.borrow(signal)) ?? expect.unreachable();
    const impatient = new AbortController();
    const given = lending.borrow(impatient.signal);
    const patient = lending.borrow(signal);
    impatient.abort();
    await expect(given).rejects.toMatchObject({ phase: 'aborted' });
    lending.giveBack(thing);
    expect(await patient).toBe(1);
    await expect(lending.borrow(impatient.signal)).rejects.toMatchObject({ phase: 'aborted' });
  });
});
