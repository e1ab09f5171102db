// A program for tests: opens two dedicated TPMs and a pool, says so, and then holds them until it is killed.
import { join } from 'node:path';
import { ensureTpms } from '../manufacture.ts';
import { openTpmHost } from '../tpm-host.ts';

const [directory = ''] = process.argv.slice(2);
const signal = new AbortController().signal;
const tpms = await ensureTpms({ count: 2, cacheDirectory: join(directory, 'cache'), signal });
const dedicated = await openTpmHost({ mode: 'dedicated', workDirectory: join(directory, 'work') });
for (const tpm of tpms) await dedicated.open(tpm, signal);
await openTpmHost({ mode: 'pooled', workDirectory: join(directory, 'work'), poolSize: 2 });
process.stdout.write('ready\n');
