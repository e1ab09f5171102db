import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEVELOPMENT_GROUP_KEY } from '../../harness/environment/development-authority.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { deviceToken } from '../support/device-tokens.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { requestText, sendOnce } from '../support/raw-https.ts';
import { createRigProgram } from '../support/rig-program.ts';

const key = new Uint8Array(32).fill(5);
const enrolled = {
  registrationId: 'from-file',
  attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: toBase64(key) } },
} as const;

describe('dps-rig emulate', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dps-rig-emulate-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const register = async (emulator: EmulatorProcess, registrationId: string, deviceKey: Uint8Array) => {
    const { idScope, caPem } = emulator;
    const https = { ...emulator.https, hostName: 'global.azure-devices-provisioning.net' };
    const headers = { Authorization: deviceToken({ idScope, registrationId, key: deviceKey }) };
    const path = `/${idScope}/registrations/${registrationId}/register?api-version=2021-06-01`;
    return sendOnce({ https, caPem }, requestText('PUT', path, { body: '{}', headers }));
  };

  it('registers devices of its enrollment file, with scope and hubs as told, until SIGINT ends it with 0', async () => {
    const file = join(folder, 'enrollments.json');
    await writeFile(file, JSON.stringify([enrolled]));
    const options = ['--enrollments', file, '--id-scope', '0ne00C0FFEE', '--hub', 'h.azure-devices.net'];
    const emulator = await startEmulatorProcess(...options);
    expect(emulator).toMatchObject({ idScope: '0ne00C0FFEE', hubs: ['h.azure-devices.net'] });
    expect((await register(emulator, 'from-file', key)).status).toBe(202);
    expect(await emulator.control.registrations()).toMatchObject([
      { registrationId: 'from-file', assignedHub: 'h.azure-devices.net' },
    ]);
    await emulator[Symbol.asyncDispose](); // throws unless the exit code is 0
    const late = connect(emulator.https.port, emulator.https.address);
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  it('admits a device of the development group, and none without that group', async () => {
    const deviceKey = createHmac('sha256', Buffer.from(DEVELOPMENT_GROUP_KEY, 'base64'))
      .update('anyone')
      .digest();
    await using open = await startEmulatorProcess();
    expect((await register(open, 'anyone', deviceKey)).status).toBe(202);
    await using closed = await startEmulatorProcess('--no-development-group');
    expect((await register(closed, 'anyone', deviceKey)).status).toBe(401);
  });

  it('keeps its CA between starts, and the key of it to this user', async () => {
    const stateDirectory = join(folder, 'state');
    const first = await startEmulatorProcess('--state-dir', stateDirectory);
    await first[Symbol.asyncDispose]();
    await using second = await startEmulatorProcess('--state-dir', stateDirectory);
    expect(second.caPem).toBe(first.caPem);
    expect((await stat(join(stateDirectory, 'ca.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(stateDirectory, 'ca.pem'), 'utf8')).not.toContain('PRIVATE');
  });

  it.each([
    ['no JSON', 'hello'],
    ['an enrollment without attestation', '[{"registrationId":"a"}]'],
    [
      'a key that is no base64',
      '[{"registrationId":"a","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"?"}}}]',
    ],
  ])('ends with 2 and names the file when that has %s', async (_what, text) => {
    const file = join(folder, 'enrollments.json');
    await writeFile(file, text);
    const ports = ['--https-port', '0', '--management-port', '0', '--state-dir', join(folder, 'state')];
    await using rig = createRigProgram();
    const result = await rig.run('emulate', ...ports, '--enrollments', file);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(file);
  });

  it('answers by the rules and profile that it was given, and says which', async () => {
    const options = ['--rule', 'first-answer=with-state', '--profile', 'strict', '--latency', 'realistic'];
    await using emulator = await startEmulatorProcess(...options);
    expect(await emulator.control.info()).toMatchObject({
      rules: { 'first-answer': 'with-state', 'wrong-scope': '401002' },
      profile: 'strict',
      latency: 'realistic',
    });
    await emulator.control.enroll([enrolled]);
    expect((await register(emulator, 'from-file', key)).status).toBe(202);
    // At once again: before its Retry-After is over.
    expect((await register(emulator, 'from-file', key)).status).toBe(429);
  });

  it.each([
    ['--rule', 'no-such-rule=1'],
    ['--rule', 'wrong-scope=418'],
    ['--rule', 'wrong-scope'],
    ['--policy', 'reader=Everything'],
    ['--profile', 'angry'],
  ])('ends with 2 for %s %s', async (option, value) => {
    const ports = ['--https-port', '0', '--management-port', '0', '--state-dir', join(folder, 'state')];
    await using rig = createRigProgram();
    expect((await rig.run('emulate', ...ports, option, value)).exitCode).toBe(2);
  });
});
