import { readSync, writeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { blockThreadMs } from '../../kernel/clock.ts';
import type { AnswerLength } from './framed-connection.ts';

/** How an exchange ended: with a whole answer, or without. */
export type SynchronousAnswer = Uint8Array | 'closed' | 'timeout';

/** The descriptor of a socket, which Node keeps to itself; undefined when there is none. */
export function descriptorOf(stream: Duplex): number | undefined {
  const { _handle: handle } = stream as { _handle?: { readonly fd?: unknown } | null };
  const fd = handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/**
 * Writes a request to a socket and reads its answer, while the event loop stands still. Node has the same socket in its
 * hands, but looks at it only when the loop turns: by then there is nothing left to read.
 *
 * The descriptor does not block, so the answer is waited for in steps: a TPM takes 0.1 to 3 ms to sign.
 */
export function exchangeSynchronously(
  fd: number,
  request: Uint8Array,
  answerLength: AnswerLength,
  deadlineMs: number,
): SynchronousAnswer {
  const startMs = performance.now();
  const endMs = startMs + deadlineMs;
  const answer = new Uint8Array(4096);
  let received = 0;
  if (!writeAll(fd, request, endMs)) return 'timeout';
  for (;;) {
    const length = answerLength(answer.subarray(0, received));
    if (length !== undefined && received >= length) return answer.slice(0, received);
    const read = unlessBusy(() => readSync(fd, answer, received, answer.length - received, null));
    if (read === 0) return 'closed';
    if (read !== undefined) received += read;
    else if (performance.now() >= endMs) return 'timeout';
    else blockThreadMs(nextStepMs(performance.now() - startMs));
  }
}

/** Late by an eighth of what it takes at most: a look too many costs more CPU than the exchange itself. */
const nextStepMs = (waitedMs: number): number => Math.max(shortestStepMs, waitedMs / 8);

/** Short against the fastest signature, long against a system call. */
const shortestStepMs = 0.05;

function writeAll(fd: number, bytes: Uint8Array, endMs: number): boolean {
  let written = 0;
  while (written < bytes.length) {
    const count = unlessBusy(() => writeSync(fd, bytes, written));
    if (count !== undefined) written += count;
    else if (performance.now() >= endMs) return false;
    else blockThreadMs(shortestStepMs);
  }
  return true;
}

/** Undefined where the descriptor would block. */
function unlessBusy(call: () => number): number | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
