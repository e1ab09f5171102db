import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDevices } from '../client-job.ts';
import { fillDataDirectory } from '../fill-data-directory.ts';
import { startParty } from '../party.ts';
import type { Row, Suite, SuiteOptions } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const HOST = 'global.azure-devices-provisioning.net';
const ID_SCOPE = '0ne00000001';
const DEVICES = 400;
const CREATES = 2_000;
const CONCURRENCY = 8;
const SIZES = [1_000, 100_000, 1_000_000];
const LOOKUPS = 1_000;
const MEMORY_ENROLLMENTS = 200_000;

const party = (name: string) => startParty(new URL(`../parties/${name}.ts`, import.meta.url));

/** What keeping state in a data directory costs, beside memory in the same run, and how it grows with the fleet. */
export const stateSuite: Suite = async (options) => {
  const folder = await mkdtemp(join(tmpdir(), 'dps-rig-bench-state-'));
  try {
    return [
      ...(await persistenceCost(folder, options)),
      ...(await growth(folder, options)),
      await memoryRow(),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function persistenceCost(folder: string, { rounds, log }: SuiteOptions): Promise<Row[]> {
  const serviceKey = randomBytes(32).toString('base64');
  await using memory = party('emulator');
  await using kept = party('emulator');
  await using client = party('bare-client');
  await using creator = party('service-client');
  type At = { readonly port: number; readonly caPem: string };
  const common = { idScope: ID_SCOPE, serviceKey };
  const places = [
    { server: memory, at: (await memory.call<At>('listen', common)).value },
    { server: kept, at: (await kept.call<At>('listen', { ...common, dataDir: join(folder, 'kept') })).value },
  ];
  const figures = places.map(() => ({ cpu: [] as number[], rate: [] as number[], creates: [] as number[] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { server, at }] of places.entries()) {
      const devices = makeDevices(DEVICES, ID_SCOPE);
      await server.call('enroll', devices);
      await server.call('begin');
      const job = { ...at, hostName: HOST, idScope: ID_SCOPE, concurrency: CONCURRENCY, devices };
      const { wallMs } = await client.call('run', job);
      const { value: cpuMs } = await server.call<number>('end');
      const creates = { ...at, serviceKey, concurrency: CONCURRENCY, count: CREATES };
      const created = await creator.call('create', creates);
      if (round === 0) continue; // warm-up
      figures[index]?.cpu.push(cpuMs / DEVICES);
      figures[index]?.rate.push((DEVICES * 1000) / wallMs);
      figures[index]?.creates.push((CREATES * 1000) / created.wallMs);
    }
    log(`round ${round}`);
  }
  const [inMemory, inDirectory] = figures;
  if (inMemory === undefined || inDirectory === undefined) return [];
  const registerText = ({ cpu, rate }: typeof inMemory) =>
    `${median(cpu).toFixed(2)} ms CPU, ${median(rate).toFixed(0)}/s`;
  const createText = ({ creates }: typeof inMemory) => `${median(creates).toFixed(0)}/s`;
  return [
    {
      suite: 'state',
      what: 'HTTPS registration with a data directory',
      figure: registerText(inDirectory),
      peer: `in memory: ${registerText(inMemory)}`,
      ratio: medianRatio(inDirectory.cpu, inMemory.cpu),
    },
    {
      suite: 'state',
      what: 'service API, enrollments created one by one, with a data directory',
      figure: createText(inDirectory),
      peer: `in memory: ${createText(inMemory)}`,
      ratio: medianRatio(inDirectory.creates, inMemory.creates),
    },
  ];
}

async function growth(folder: string, { rounds, log }: SuiteOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of SIZES) {
    const directory = join(folder, `of-${count}`);
    const begun = performance.now();
    fillDataDirectory(directory, count);
    log(`${count} enrollments imported in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    const microseconds: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await using fresh = party('enrollments');
      const { value } = await fresh.call<number>('lookUp', { directory, count, lookups: LOOKUPS });
      microseconds.push(value);
    }
    rows.push({
      suite: 'state',
      what: `look-up among ${count.toLocaleString('en')} enrollments on disk, nothing cached by us`,
      figure: `${(median(microseconds) / 1000).toFixed(4)} ms`,
      goal: '<= 0.2 ms',
      met: median(microseconds) <= 200,
    });
    if (count === SIZES.at(-1)) rows.push(await startUp(directory, count));
  }
  return rows;
}

async function startUp(dataDir: string, count: number): Promise<Row> {
  const begun = performance.now();
  await using emulator = party('emulator');
  await emulator.call('listen', { idScope: ID_SCOPE, dataDir });
  const seconds = (performance.now() - begun) / 1000;
  const { value: residentMiB } = await emulator.call<number>('residentMiB');
  return {
    suite: 'state',
    what: `start-up with ${count.toLocaleString('en')} enrollments, process included`,
    figure: `${seconds.toFixed(2)} s, ${residentMiB.toFixed(0)} MiB`,
    goal: '<= 5 s, <= 1536 MiB',
    met: seconds <= 5 && residentMiB <= 1536,
  };
}

async function memoryRow(): Promise<Row> {
  await using emulator = party('emulator');
  await emulator.call('listen', { idScope: ID_SCOPE });
  const before = (await emulator.call<number>('residentMiB')).value;
  await emulator.call('enrollMany', MEMORY_ENROLLMENTS);
  const after = (await emulator.call<number>('residentMiB')).value;
  const bytes = ((after - before) * 2 ** 20) / MEMORY_ENROLLMENTS;
  return {
    suite: 'state',
    what: `memory per enrollment without a data directory (${MEMORY_ENROLLMENTS.toLocaleString('en')})`,
    figure: `${(bytes / 1024).toFixed(2)} KiB`,
  };
}
