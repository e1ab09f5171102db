import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunResult } from '../../reports/run-result.ts';
import { type NatsServer, natsServerMissing, startNatsServer } from '../support/nats-server.ts';
import {
  createRigProgram,
  eventually,
  type RigProgram,
  type RunningProgram,
} from '../support/rig-program.ts';

const missing = natsServerMissing();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Long enough for workers to be killed and stopped in the middle. */
const spread = (endpoint: string, devices: number): string => `name = "spread"
[endpoint]
${endpoint}
[load]
arrival = "constant-rate"
ratePerSecond = 30
[run]
rangeSize = 10
workers = 1
[[fleet]]
devices = ${devices}
attestation = ["symmetric-key", "x509"]
enrollment = ["individual", "group"]
`;

describe.skipIf(missing !== undefined)('dps-rig run --nats with dps-rig worker', () => {
  let server: NatsServer;
  let rig: RigProgram;
  beforeEach(async () => {
    server = await startNatsServer();
    rig = createRigProgram();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const coordinate = (file: string, workers: number, ...more: readonly string[]): RunningProgram =>
    rig.start(
      ...['run', file, '--nats', server.url, '--nats-workers', String(workers), '--lease', '2'],
      ...['--out', rig.out, ...more],
    );
  const startWorkers = (count: number): readonly RunningProgram[] =>
    Array.from({ length: count }, () => rig.start('worker', '--nats', server.url));

  /** Kills the first worker and stops the second one for longer than a lease, in the middle of the run. */
  async function disturb(
    coordinator: RunningProgram,
    [killed, stopped]: readonly RunningProgram[],
  ): Promise<void> {
    await coordinator.says(/registering: \d*[1-9]\d*\//);
    killed?.child.kill('SIGKILL');
    stopped?.child.kill('SIGSTOP');
    // Longer than the lease of 2 s: another one has registered what it held.
    await coordinator.says(/registering: 1\d\d\//);
    stopped?.child.kill('SIGCONT');
  }

  const measured = ({ outcomes, phases, devices, cells }: RunResult) => ({
    ...{ outcomes, phases, devices },
    cells: cells.map(({ name, devices, outcomes }) => ({ name, devices, outcomes })),
  });

  it('counts every device once, and comes to the same totals and percentiles as one machine, though one worker is killed and one is stopped', async () => {
    const file = rig.scenario(spread('kind = "null"\nmadeUpDurations = true', 180));
    const alone = await rig.run('run', file, '--out', rig.out, '--quiet');
    expect(alone.exitCode, alone.stderr).toBe(0);
    const expected = measured(rig.result());

    const coordinator = coordinate(file, 3);
    const workers = startWorkers(3);
    await disturb(coordinator, workers);
    const { exitCode, stderr, stdout } = await coordinator.ended;
    expect(exitCode, stdout + stderr).toBe(0);
    const result = rig.result();
    // Histograms too: each bucket of the encoded one.
    expect(measured(result)).toEqual(expected);
    expect(result.total.count).toBe(180);
    expect(result.machines?.workers).toBe(3);
    expect(result.machines?.rangesGivenOutAgain).toBeGreaterThan(0);
  });

  it('registers a range again at the emulator when its worker is gone, and still knows every device once', async () => {
    const file = rig.scenario(spread('kind = "emulator"\nretryAfterSeconds = 0', 180));
    const coordinator = coordinate(file, 3);
    const workers = startWorkers(3);
    await disturb(coordinator, workers);
    const { exitCode, stderr, stdout } = await coordinator.ended;
    expect(exitCode, stdout + stderr).toBe(0);
    const { outcomes, total, checks, machines } = rig.result();
    expect(outcomes).toEqual({ assigned: 180, ended: 0, error: 0, aborted: 0 });
    expect(total.count).toBe(180);
    expect(machines?.rangesGivenOutAgain).toBeGreaterThan(0);
    expect(checks.filter(({ kind }) => kind === 'oracle').map(({ passed }) => passed)).not.toContain(false);
    const third = await workers[2]?.ended;
    expect(third?.exitCode, third?.stderr).toBe(0);
  });

  it('starts all workers at one moment, with TPMs and tokens of their own', async () => {
    const file = rig.scenario(`name = "spread"
[endpoint]
kind = "emulator"
retryAfterSeconds = 0
[load]
arrival = "all-at-once"
[run]
rangeSize = 2
workers = 1
warmUpDevices = 2
[[fleet]]
devices = 8
attestation = ["tpm", "x509"]
keyStore = "swtpm"
[[fleet]]
devices = 4
attestation = "x509"
keyStore = "softhsm"
`);
    const coordinator = coordinate(file, 2);
    const workers = startWorkers(2);
    const { exitCode, stderr, stdout } = await coordinator.ended;
    expect(exitCode, stdout + stderr).toBe(0);
    const { outcomes, keyCustody, timeSeries, warmUpDevices } = rig.result();
    expect(outcomes.assigned).toBe(12);
    // The keys of X.509 devices, in TPMs and in tokens.
    expect(keyCustody?.keys).toHaveLength(8);
    expect(keyCustody?.sessions.open).toBe(0);
    expect(keyCustody?.sessions.opened).toBeGreaterThan(0);
    expect(warmUpDevices).toBe(2);
    expect(timeSeries.slices[0]?.started).toBeGreaterThan(0);
    for (const { ended } of workers) expect(await ended).toMatchObject({ exitCode: 0 });
    await eventually(() => rig.processes('swtpm').length === 0);
  });

  it('lets devices under way finish when the coordinator is interrupted, and reports in part', async () => {
    const file = rig.scenario(spread('kind = "emulator"\nretryAfterSeconds = 0', 300));
    const coordinator = coordinate(file, 2);
    const workers = startWorkers(2);
    await coordinator.says(/registering: \d*[1-9]\d*\//);
    coordinator.child.kill('SIGINT');
    const { exitCode, stderr } = await coordinator.ended;
    expect(exitCode, stderr).toBe(130);
    const { outcomes, verdict } = rig.result();
    expect(verdict).toBe('interrupted');
    expect(outcomes.assigned).toBeGreaterThan(0);
    expect(outcomes).toMatchObject({ error: 0, ended: 0 });
    for (const { ended } of workers) expect(await ended).toMatchObject({ exitCode: 0 });
  });

  it('gives the ranges of a worker that is interrupted to the others', async () => {
    const file = rig.scenario(spread('kind = "null"', 180));
    const coordinator = coordinate(file, 2, '--lease', '60');
    const [first, second] = startWorkers(2);
    await coordinator.says(/registering: \d*[1-9]\d*\//);
    first?.child.kill('SIGINT');
    expect(await first?.ended).toMatchObject({ exitCode: 130 });
    const { exitCode, stderr } = await coordinator.ended;
    expect(exitCode, stderr).toBe(0);
    expect(rig.result().outcomes).toEqual({ assigned: 180, ended: 0, error: 0, aborted: 0 });
    expect(await second?.ended).toMatchObject({ exitCode: 0 });
  });

  it('refuses a second run at the same server', async () => {
    const file = rig.scenario(spread('kind = "null"', 10));
    const coordinator = coordinate(file, 1);
    await coordinator.says(/waiting for 1 workers/);
    const second = await rig.run('run', file, '--nats', server.url, '--out', join(rig.out, 'second'));
    expect(second.exitCode).toBe(3);
    expect(second.stderr).toContain('another run uses this server');
    coordinator.child.kill('SIGINT');
    expect((await coordinator.ended).exitCode).toBe(130);
  });

  it('says that nobody came', async () => {
    const file = rig.scenario(spread('kind = "null"', 10));
    const { exitCode, stderr } = await coordinate(file, 2, '--nats-wait', '1').ended;
    expect(exitCode).toBe(3);
    expect(stderr).toContain('0 of 2 came');
  });
});

describe('a NATS URL', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it.each([
    [['run', 'quickstart', '--nats', 'nats://10.0.0.7:4222'], 2, 'not encrypted'],
    [['worker', '--nats', 'nats://rig:secret@192.168.0.1'], 2, 'use tls://'],
    [['run', 'quickstart', '--nats', 'nats://127.0.0.1:1', '--shard', '1/2'], 2, 'two ways'],
    [['worker', '--nats', 'nats://rig:secret@127.0.0.1:1'], 3, 'nats-server --jetstream'],
  ])('%j ends with %i', async (args, code, text) => {
    const { exitCode, stderr } = await rig.run(...args);
    expect([exitCode, stderr]).toEqual([code, expect.stringContaining(text)]);
    expect(stderr).not.toContain('secret');
  });
});
