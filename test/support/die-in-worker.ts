import { subscribe } from 'node:diagnostics_channel';
import { threadId } from 'node:worker_threads';

/**
 * Loaded with `node --import` into every thread of a program: the first worker dies of an uncaught error, as it would
 * of a bug or for want of memory, when something was published three times on a diagnostics channel of Node. Which
 * one, the URL says: `die-in-worker.ts?net.client.socket`, `?child_process`.
 */
const channel = new URL(import.meta.url).search.slice(1);
let seen = 0;
if (threadId === 1) {
  subscribe(channel, () => {
    seen += 1;
    if (seen === 3) {
      setImmediate(() => {
        throw new Error('this worker dies on purpose');
      });
    }
  });
}
