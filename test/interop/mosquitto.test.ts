import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';

/**
 * The lines of docs/mqtt.md as they are, in a shell, but for the settings of the emulator at hand.
 *
 * @param parts how many of its scripts, from the first on
 */
async function runAsDocumented(settings: Readonly<Record<string, string>>, parts = 1): Promise<void> {
  const text = await readFile('docs/mqtt.md', 'utf8');
  const scripts = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, script = '']) => script);
  const lines = scripts
    .slice(0, parts)
    .flatMap((script) => script.split('\n'))
    .filter((line) => !/^(ID=|GROUP_KEY=|HUB=)/.test(line));
  const assignments = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
  await promisify(execFile)('bash', ['-ec', [...assignments, ...lines].join('\n')], { timeout: 20_000 });
}

describe("mosquitto's clients", () => {
  const groupKey = createHmac('sha256', 'mosquitto').digest('base64');
  let emulator: EmulatorProcess;
  let settings: Readonly<Record<string, string>>;

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--no-development-group');
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: groupKey } } as const;
    await emulator.control.enroll([{ enrollmentGroupId: 'mosquitto', attestation }]);
    settings = {
      ID: 'mosquitto-1',
      SCOPE: emulator.idScope,
      HOST: 'localhost',
      PORT: String(emulator.mqtt.port),
      CA: emulator.caFile,
      GROUP_KEY: groupKey,
    };
  });
  afterAll(() => emulator[Symbol.asyncDispose]());

  it('are told no with another key', async () => {
    const wrong = { ...settings, GROUP_KEY: createHmac('sha256', 'other').digest('base64') };
    await expect(runAsDocumented(wrong)).rejects.toMatchObject({
      stderr: expect.stringMatching(/not authori[sz]ed/i) as unknown,
    });
    expect(await emulator.control.registrations()).toEqual([]);
  });

  it('register with a user name and a token written by hand, as the documentation shows', async () => {
    await runAsDocumented(settings);
    expect(await emulator.control.registrations()).toMatchObject([
      { registrationId: 'mosquitto-1', status: 'assigned' },
    ]);
  });

  it('go on to the hub with a message, as the documentation shows', async () => {
    const [{ assignedHub = '' } = {}] = await emulator.control.registrations();
    await runAsDocumented({ ...settings, HUB: assignedHub }, 2);
    expect(await emulator.control.telemetry()).toMatchObject([
      {
        hub: assignedHub,
        deviceId: 'mosquitto-1',
        bodyText: '{"temperature":21}',
        properties: { room: 'attic' },
      },
    ]);
  });
});
