import { execFile } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenDescription } from '../../simulators/index.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const execute = promisify(execFile);

let rig: RigProgram;
let work: string;
let store: string;
let tokens: readonly TokenDescription[];
beforeAll(async () => {
  rig = createRigProgram();
  work = mkdtempSync(join(tmpdir(), 'dps-rig-hsm-'));
  store = join(work, 'store');
  const { exitCode, stdout, stderr } = await rig.run(
    ...['hsm', 'provision', '--directory', store, '--count', '2', '--json'],
  );
  expect(exitCode, stderr).toBe(0);
  tokens = JSON.parse(stdout) as TokenDescription[];
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

const first = (): TokenDescription & { readonly pinFile: string; readonly configuration: string } => {
  const [token] = tokens;
  if (token?.pinFile === undefined || token.configuration === undefined) throw new Error('no token');
  return { ...token, pinFile: token.pinFile, configuration: token.configuration };
};

/** OpenSC's program, on one of our tokens. */
const pkcs11Tool = (...args: readonly string[]) => {
  const { modulePath, configuration, label, pinFile } = first();
  const access = [
    '--module',
    modulePath,
    '--token-label',
    label,
    '--login',
    '--pin',
    readFileSync(pinFile, 'utf8'),
  ];
  return execute('pkcs11-tool', [...access, ...args], {
    env: { ...process.env, SOFTHSM2_CONF: configuration },
    encoding: 'buffer',
  });
};

describe('pkcs11-tool', () => {
  it('sees the key as one that never leaves', async () => {
    const { stdout } = await pkcs11Tool('--list-objects', '--type', 'privkey');
    expect(stdout.toString()).toContain('device-id');
    expect(stdout.toString()).toMatch(/Access: .*sensitive, always sensitive, never extractable, local/);
  });

  it('signs with it, and the signature holds under the public key that it reads', async () => {
    const [message, signature] = [join(work, 'message'), join(work, 'signature')];
    writeFileSync(message, createHash('sha256').update('hello').digest());
    await pkcs11Tool('--sign', '--mechanism', 'ECDSA', '-i', message, '-o', signature, '--id', '01');
    const { stdout } = await pkcs11Tool('--read-object', '--type', 'pubkey', '--id', '01');
    const key = createPublicKey({ key: stdout, type: 'spki', format: 'der' });
    const ieee = { key, dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', Buffer.from('hello'), ieee, readFileSync(signature))).toBe(true);
  });
});

describe('dps-rig hsm', () => {
  it('keeps each PIN in a file for its owner only', () => {
    for (const { pinFile } of tokens) expect(statSync(pinFile ?? '').mode & 0o777).toBe(0o600);
  });

  it('prints what config.toml needs, and the PIN only when asked', async () => {
    const { label, pinFile, modulePath } = first();
    const args = ['hsm', 'info', '--directory', store, '--token', label];
    const { stdout } = await rig.run(...args);
    expect(stdout).toContain(`pkcs11_lib_path = "${modulePath}"`);
    expect(stdout).toContain(`pkcs11_base_slot = "pkcs11:token=${label}?pin-value=<the PIN>"`);
    expect(stdout).toContain(`# The PIN is in ${pinFile}`);
    expect(stdout).toContain('sensitive yes, extractable no, neverExtractable yes, local yes');
    const pin = readFileSync(pinFile, 'utf8');
    expect(stdout).not.toContain(pin);
    expect((await rig.run(...args, '--show-pin')).stdout).toContain(`?pin-value=${pin}`);
  });

  it('lists every token with its serial number', async () => {
    const { stdout } = await rig.run('hsm', 'list', '--directory', store);
    for (const { label, serial } of tokens) expect(stdout).toMatch(new RegExp(`${label} +${serial}`));
  });

  it.each([
    [['hsm', 'list'], 'neither --directory nor --module'],
    [['hsm', 'info', '--directory', 'STORE'], 'there are 2 tokens'],
    [['hsm', 'provision', '--directory', 'STORE'], 'exists already'],
  ])('exits with 2 for %j', async (args, message) => {
    const { exitCode, stderr } = await rig.run(...args.map((arg) => (arg === 'STORE' ? store : arg)));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  it('exits with 3 for a file that is no PKCS#11 module', async () => {
    const { exitCode, stderr } = await rig.run('hsm', 'list', '--module', '/no/such/module.so');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('does not work as a PKCS#11 module');
  });
});
