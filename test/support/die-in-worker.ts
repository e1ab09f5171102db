import { subscribe } from 'node:diagnostics_channel';
import { threadId } from 'node:worker_threads';

/**
 * Loaded with `node --import` into every thread of a program: the first worker dies of an uncaught error when it opens
 * its third connection, as it would of a bug or for want of memory.
 */
let connections = 0;
if (threadId === 1) {
  subscribe('net.client.socket', () => {
    connections += 1;
    if (connections === 3) {
      process.nextTick(() => {
        throw new Error('this worker dies on purpose');
      });
    }
  });
}
