import { describe, expect, it } from 'vitest';
import { abortError, startDeadline, untilAborted } from './deadline.ts';
import { TransportError } from './errors.ts';

const never = new AbortController().signal;
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('startDeadline', () => {
  it('aborts with a timeout when time is up', async () => {
    using deadline = startDeadline(5, never, 'the test');
    await aborted(deadline.signal);
    expect(abortError(deadline.signal)).toMatchObject({ code: 'TIMEOUT', phase: 'timeout' });
  });

  it('follows its parent, with the reason of that', async () => {
    const parent = new AbortController();
    using deadline = startDeadline(60_000, parent.signal, 'the test');
    const reason = new Error('stop');
    const followed = aborted(deadline.signal);
    parent.abort(reason);
    await followed;
    expect(deadline.signal.reason).toBe(reason);
  });

  it('is aborted from the start under an aborted parent', () => {
    using deadline = startDeadline(60_000, AbortSignal.abort(), 'the test');
    expect(deadline.signal.aborted).toBe(true);
  });

  it('no longer follows when disposed of', () => {
    const parent = new AbortController();
    const deadline = startDeadline(60_000, parent.signal, 'the test');
    deadline[Symbol.dispose]();
    parent.abort();
    expect(deadline.signal.aborted).toBe(false);
  });
});

describe('abortError', () => {
  it.each([
    { title: 'a plain abort', signal: AbortSignal.abort(), code: 'ABORTED' },
    {
      title: "Node's own timeout",
      signal: AbortSignal.abort(new DOMException('late', 'TimeoutError')),
      code: 'TIMEOUT',
    },
    {
      title: 'an error of ours',
      signal: AbortSignal.abort(new TransportError('tpm', 'TPM_PROCESS_EXITED', 'gone')),
      code: 'TPM_PROCESS_EXITED',
    },
  ])('names $title', ({ signal, code }) => {
    expect(abortError(signal).code).toBe(code);
  });
});

describe('untilAborted', () => {
  it('gives what the work gives', async () => {
    await expect(untilAborted(Promise.resolve(7), never)).resolves.toBe(7);
    await expect(untilAborted(Promise.reject(new Error('no')), never)).rejects.toThrow('no');
  });

  it('does not wait for work that never ends', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(new Promise(() => undefined), controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('leaves no unhandled rejection behind when the work fails after it was given up', async () => {
    const work = Promise.withResolvers<never>();
    await expect(untilAborted(work.promise, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const waiting = untilAborted(work.promise, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    work.reject(new Error('too late'));
    await new Promise(setImmediate); // Vitest fails the run on an unhandled rejection
  });
});
