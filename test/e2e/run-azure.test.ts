import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

/** As at a real service: by its service API and its devices' endpoint alone, with an emulator at the far end. */
describe('dps-rig run at a real service', () => {
  let emulator: EmulatorProcess;
  let rig: RigProgram;
  let serviceHost: string;
  beforeEach(async () => {
    emulator = await startEmulatorProcess('--retry-after', '0', '--no-development-group');
    serviceHost = /HostName=([^;]+)/.exec(emulator.serviceConnectionString)?.[1] ?? '';
    rig = createRigProgram({
      environment: { TEST_CONNECTION_STRING: emulator.serviceConnectionString },
    });
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await emulator[Symbol.asyncDispose]();
  });

  const endpoint = (): string =>
    [
      '[endpoint]\nkind = "azure"\nregistrationsPerMinute = 3000\nserviceOperationsPerMinute = 60000',
      `idScope = "${emulator.idScope}"\nhubs = ${JSON.stringify(emulator.hubs)}`,
      'hostName = "global.azure-devices-provisioning.net"\nconnectionStringVariable = "TEST_CONNECTION_STRING"',
      `address = "${emulator.https.address}"\nport = ${emulator.https.port}`,
      `mqttPort = ${emulator.mqtt.port}\namqpPort = ${emulator.amqp.port}\ncaFile = "${emulator.caFile}"\n`,
    ].join('\n');
  const scenario = (devices = 24): string =>
    rig.scenario(
      `name = "azure"\n${endpoint()}[[fleet]]\ndevices = ${devices}\nattestation = ["symmetric-key", "x509", "tpm"]\n` +
        'enrollment = ["individual", "group"]\ntransport = ["https", "mqtt", "amqp"]\n',
    );
  const consent = (): string[] => [
    ...['--allow-endpoint', serviceHost, '--allow-endpoint', 'global.azure-devices-provisioning.net'],
    '--consent',
  ];

  it('enrolls by the service API, keeps to the quota, judges, and leaves nothing behind', async () => {
    const { exitCode, stdout, stderr } = await rig.run('run', scenario(), '--out', rig.out, ...consent());
    expect(exitCode, stdout + stderr).toBe(0);
    const { outcomes, load, checks } = rig.result();
    expect(outcomes.assigned).toBe(24);
    expect(load.arrival).toBe('constant rate 40/s'); // 80 % of 3,000 a minute
    expect(checks.filter(({ kind }) => kind === 'oracle').every(({ passed }) => passed)).toBe(true);
    expect(await emulator.control.enrollments()).toEqual([]);
    expect(await emulator.control.registrations()).toEqual([]);
    expect(existsSync(join(rig.out, 'journal.jsonl'))).toBe(false);
    expect(stdout + stderr + JSON.stringify(rig.result())).not.toMatch(/SharedAccessKey=/);
  });

  it.each([
    ['nothing is agreed to', () => []],
    ['no host is named', () => ['--consent']],
    ['one host is not named', () => ['--consent', '--allow-endpoint', serviceHost]],
    ['consent is missing', () => consent().slice(0, -1)],
  ])('sends not one request when %s, and says what to give', async (_, options) => {
    const { exitCode, stderr } = await rig.run('run', scenario(), '--out', rig.out, ...options());
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/nobody has agreed to it/);
    expect(stderr).toMatch(/--consent|--allow-endpoint/);
    expect(await emulator.control.requests()).toEqual([]);
  });

  it('says in a dry run what it would take, and sends nothing', async () => {
    const { exitCode, stdout } = await rig.run('run', scenario(600), '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/billed +600 registrations/);
    expect(stdout).toContain(serviceHost);
    expect(await emulator.control.requests()).toEqual([]);
  });

  it('is finished by cleanup after it was killed, from its journal', async () => {
    const running = rig.start('run', scenario(400), '--out', rig.out, ...consent());
    await running.says(/registering/);
    running.child.kill('SIGKILL');
    await running.ended;
    const journal = join(rig.out, 'journal.jsonl');
    expect((await emulator.control.enrollments()).length).toBeGreaterThan(0);
    // What was cut off in writing was not made yet.
    writeFileSync(journal, `${readFileSync(journal, 'utf8')}{"kind":"enro`);
    const way = ['--address', emulator.https.address, '--port', String(emulator.https.port)];
    const options = [...way, '--ca-file', emulator.caFile, '--service-operations-per-minute', '60000'];
    const variable = ['--connection-string-variable', 'TEST_CONNECTION_STRING'];
    const { exitCode, stdout, stderr } = await rig.run('cleanup', journal, ...variable, ...options);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^removed \d+/);
    expect(await emulator.control.enrollments()).toEqual([]);
    expect(existsSync(journal)).toBe(false);
  });

  it('runs the conformance matrix there, without the devices that no DPS provisions', async () => {
    const sets = [
      `endpoint.address="${emulator.https.address}"`,
      `endpoint.port=${emulator.https.port}`,
      `endpoint.mqttPort=${emulator.mqtt.port}`,
      `endpoint.amqpPort=${emulator.amqp.port}`,
      `endpoint.caFile="${emulator.caFile}"`,
      'endpoint.connectionStringVariable="TEST_CONNECTION_STRING"',
      'endpoint.registrationsPerMinute=3000',
      'endpoint.serviceOperationsPerMinute=60000',
    ].flatMap((set) => ['--set', set]);
    const hubs = emulator.hubs.flatMap((hub) => ['--hub', hub]);
    const where = ['--endpoint', 'azure', '--id-scope', emulator.idScope, ...hubs, ...consent()];
    const { exitCode, stdout, stderr } = await rig.run(
      ...['conformance', ...where, ...sets, '--cell', 'linux*/*/*/software/https/*', '--out', rig.out],
    );
    expect(exitCode, stdout + stderr).toBe(0);
    const { cells, outcomes, devices } = rig.result();
    expect(outcomes.assigned).toBe(devices);
    expect(cells.some(({ enrollment }) => enrollment === 'manual')).toBe(false);
  });

  it.each([
    [
      'the variable is not set',
      'connectionStringVariable = "TEST_CONNECTION_STRING"',
      'connectionStringVariable = "NO_SUCH"',
      /NO_SUCH is not set/,
    ],
    [
      'a device is to be made in a hub',
      'enrollment = ["individual", "group"]',
      'enrollment = "manual"',
      /manual devices are made in hubs/,
    ],
  ])('refuses when %s', async (_, from, to, says) => {
    const file = scenario();
    const text = readFileSync(file, 'utf8').replace(from, to).replace(', "tpm"]', ']');
    writeFileSync(file, text);
    const { exitCode, stderr } = await rig.run('run', file, '--out', rig.out, ...consent());
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(says);
  });
});
