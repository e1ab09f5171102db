import { describe, expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

describe('createLimiter', () => {
  it('runs no more tasks at once than its limit, in the order of their arrival', async () => {
    const limiter = createLimiter(2);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const task = (number: number) => async () => {
      running += 1;
      most = Math.max(most, running);
      order.push(number);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map((number) => limiter.run(task(number))));
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('gives the place of a failed task to the next', async () => {
    const limiter = createLimiter(1);
    await expect(limiter.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(limiter.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });

  it('lets a waiting task go when its signal aborts, and skips it', async () => {
    const limiter = createLimiter(1);
    const first = Promise.withResolvers<string>();
    const controller = new AbortController();
    let secondRan = false;
    const running = limiter.run(() => first.promise);
    const second = limiter.run(() => {
      secondRan = true;
      return Promise.resolve();
    }, controller.signal);
    const third = limiter.run(() => Promise.resolve('third'));
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    first.resolve('first');
    await expect(Promise.all([running, third])).resolves.toEqual(['first', 'third']);
    expect(secondRan).toBe(false);
  });
});
