/** What runs in a worker thread: a range's two passes. The functions' names are the tasks' names. */
export { prepareRange } from './prepare-range.ts';
export { runRange } from './run-range.ts';
