import os from 'node:os';
import { parseArgs } from 'node:util';
import { type Row, renderRows, type Suite } from './row.ts';
import { clientSuite } from './suites/client.ts';
import { connectionsSuite } from './suites/connections.ts';
import { emulatorSuite } from './suites/emulator.ts';
import { growthSuite } from './suites/growth.ts';
import { hsmSuite } from './suites/hsm.ts';
import { stateSuite } from './suites/state.ts';
import { tpmSuite } from './suites/tpm.ts';
import { transportsSuite } from './suites/transports.ts';

/**
 * `npm run bench [-- --rounds 5] [-- client emulator state transports connections tpm hsm growth]`: CPU per operation and rates, medians of several
 * rounds, each beside a peer measured in the same run. Never part of the tests: speeds vary between runs.
 */
const suites: Readonly<Record<string, Suite>> = {
  client: clientSuite,
  emulator: emulatorSuite,
  state: stateSuite,
  transports: transportsSuite,
  connections: connectionsSuite,
  tpm: tpmSuite,
  hsm: hsmSuite,
  growth: growthSuite,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
const unknown = positionals.filter((name) => !(name in suites));
if (unknown.length > 0) {
  process.stderr.write(
    `bench: no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}\n`,
  );
  process.exit(2);
}

const log = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
log(
  `${os.cpus().length} x ${os.cpus()[0]?.model ?? 'CPU'}, Node ${process.version}, ${new Date().toISOString()}`,
);
const rows: Row[] = [];
for (const [name, suite] of Object.entries(suites)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  log(`suite ${name}`);
  rows.push(...(await suite({ rounds: Number(values.rounds), log })));
}
process.stdout.write(`${renderRows(rows)}\n`);
