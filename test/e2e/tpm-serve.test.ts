import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { openScratchDirectory, type ScratchDirectory } from '../../simulators/processes/scratch-directory.ts';

const main = new URL('../../harness/cli/main.ts', import.meta.url).pathname;
const run = promisify(execFile);

interface ServedTpm {
  readonly tpm: string;
  readonly endorsementKey: { readonly public: string; readonly name: string };
  readonly storageRootKey: { readonly name: string };
  readonly registrationIds: { readonly base32: string; readonly hex: string };
  readonly endpoints: readonly {
    readonly protocol: string;
    readonly tctiString: string;
    readonly port?: number;
  }[];
}

/** A `dps-rig tpm serve` that is ready. */
async function startServe(...args: readonly string[]): Promise<{ child: ChildProcess; served: ServedTpm }> {
  const child = spawn(process.execPath, [main, 'tpm', 'serve', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  child.stderr.on('data', (text: Buffer) => errors.push(String(text)));
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(errors.join('')))),
  ]);
  return { child, served: JSON.parse(String(line)) as ServedTpm };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
  return child.exitCode;
}

/** `dps-rig` to its end, whatever its exit code. */
async function dpsRig(
  ...args: readonly string[]
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  try {
    return {
      exitCode: 0,
      ...(await run(process.execPath, [main, ...args], { env: { ...process.env, TSS2_LOG: 'all+none' } })),
    };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

describe('dps-rig tpm', () => {
  let scratch: ScratchDirectory;
  let child: ChildProcess;
  let served: ServedTpm;
  let cache: string;
  let unixPath: string;

  beforeAll(async () => {
    scratch = await openScratchDirectory({ name: 'tpm-serve' });
    cache = join(scratch.path, 'cache');
    unixPath = join(scratch.path, 'tpm');
    ({ child, served } = await startServe('--port', '0', '--unix', unixPath, '--cache', cache));
  });
  afterAll(async () => {
    if (child.exitCode === null) await stop(child, 'SIGKILL');
    await scratch[Symbol.asyncDispose]();
  });

  const tctiFor = (what: string): string =>
    served.endpoints.find(({ protocol, port }) =>
      what === 'unix' ? port === undefined : protocol === what && port,
    )?.tctiString ?? '';
  const tool = async (what: string, name: string, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, TPM2TOOLS_TCTI: tctiFor(what) };
    return (await run(name, [...args], { env, cwd: scratch.path })).stdout;
  };

  describe.each(['swtpm', 'mssim', 'unix'])('tpm2-tools over %s', (way) => {
    it('tpm2_getrandom gets random bytes', async () => {
      const [first, second] = [
        await tool(way, 'tpm2_getrandom', '--hex', '16'),
        await tool(way, 'tpm2_getrandom', '--hex', '16'),
      ];
      expect(first).toMatch(/^[0-9a-f]{32}$/);
      expect(first).not.toBe(second);
    });

    it('tpm2_readpublic reads the EK that was announced, with the registration id that the recipe derives', async () => {
      const file = join(scratch.path, `${way}.ek.pub`);
      const text = await tool(way, 'tpm2_readpublic', '-c', '0x81010001', '-o', file);
      const endorsementKey = await readFile(file);
      expect(toBase64(endorsementKey)).toBe(served.endorsementKey.public);
      expect(text).toContain(`name: ${served.endorsementKey.name}`);
      expect(createHash('sha256').update(endorsementKey).digest('hex')).toBe(served.registrationIds.hex);
    });

    it('tpm2_activatecredential recovers what tpm2_makecredential wrapped', async () => {
      const file = (name: string): string => join(scratch.path, `${way}.${name}`);
      const secret = `secret over ${way}`.slice(0, 16);
      await writeFile(file('secret'), secret);
      await tool(way, 'tpm2_readpublic', '-c', '0x81010001', '-o', file('ek.pub'));
      await run('tpm2_makecredential', [
        ...['-T', 'none', '-u', file('ek.pub'), '-s', file('secret')],
        ...['-n', served.storageRootKey.name, '-o', file('credential')],
      ]);
      await tool(way, 'tpm2_startauthsession', '--policy-session', '-S', file('session'));
      await tool(way, 'tpm2_policysecret', '-S', file('session'), '-c', 'e');
      await tool(
        ...([way, 'tpm2_activatecredential', '-c', '0x81000001', '-C', '0x81010001'] as const),
        ...['-i', file('credential'), '-o', file('recovered'), '-P', `session:${file('session')}`],
      );
      await tool(way, 'tpm2_flushcontext', file('session'));
      expect(await readFile(file('recovered'), 'utf8')).toBe(secret);
    });
  });

  it('tpm info says the same of the published TPM by TCTI string as serve did, and as the cache', async () => {
    const byTcti = await dpsRig('tpm', 'info', '--json', '--tcti', tctiFor('swtpm'));
    expect(JSON.parse(byTcti.stdout)).toMatchObject({
      manufacturer: 'IBM',
      endorsementKey: served.endorsementKey,
      registrationIds: served.registrationIds,
      persistentHandles: ['0x81000001', '0x81010001'],
    });
    const byCache = await dpsRig('tpm', 'info', '--tpm', '0', '--cache', cache);
    for (const value of [
      served.endorsementKey.public,
      served.registrationIds.base32,
      served.registrationIds.hex,
    ]) {
      expect(byCache.stdout.split('\n')).toContain(value);
    }
  });

  it('tpm provision-info prints what the documented recipe with the real tools prints, byte for byte', async () => {
    const recipe = await run(
      'sh',
      [
        '-ec',
        `tpm2_readpublic -Q -c 0x81010001 -o recipe.pub
        printf 'Gathering the registration information...\\n\\nRegistration Id:\\n%s\\n\\nEndorsement Key:\\n%s\\n' \
          "$(sha256sum -b recipe.pub | cut -d' ' -f1)" "$(base64 -w0 recipe.pub)"`,
      ],
      { cwd: scratch.path, env: { ...process.env, TPM2TOOLS_TCTI: tctiFor('swtpm') } },
    );
    const args = ['tpm', 'provision-info', '--format', 'tpm2-tools', '--tcti', tctiFor('swtpm')];
    expect((await dpsRig(...args)).stdout).toBe(recipe.stdout);
  });

  it('tpm provision-info prints the base32 id of the SDKs and EFLOW, of the same EK', async () => {
    const file = join(scratch.path, 'sdk.pub');
    await tool('swtpm', 'tpm2_readpublic', '-c', '0x81010001', '-o', file);
    const { stdout: id } = await run('sh', [
      ...['-c', `openssl dgst -sha256 -binary '${file}' | base32 -w0 | tr -d = | tr A-Z a-z`],
    ]);
    const key = (await readFile(file)).toString('base64');
    const sdk = await dpsRig('tpm', 'provision-info', '--tcti', tctiFor('swtpm'));
    expect(sdk.stdout.split('\r\n')).toEqual([
      'Gathering the registration information...',
      '',
      'Registration Id:',
      id,
      '',
      'Endorsement Key:',
      key,
      '',
    ]);
    const eflow = await dpsRig('tpm', 'provision-info', '--format', 'eflow', '--cache', cache);
    expect(eflow.stdout.trim().split('\r\n')).toEqual([
      `Endorsement Key : ${key}`,
      `Registration Id : ${id}`,
    ]);
  });

  it('tpm list knows the TPM of the cache', async () => {
    const { stdout } = await dpsRig('tpm', 'list', '--cache', cache);
    expect(stdout).toBe(`rsa2048-000000  ${served.registrationIds.base32}\n`);
  });

  it('a port that is taken is a failure of the environment', async () => {
    const { port = 0 } = served.endpoints.find(({ protocol }) => protocol === 'swtpm') ?? {};
    const { exitCode, stderr } = await dpsRig('tpm', 'serve', '--port', String(port), '--cache', cache);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('hint:');
  });

  it.each([
    ['an unknown TPM', ['info', '--tpm', 'mine']],
    ['two TPMs at once', ['info', '--tpm', '1', '--ephemeral']],
    ['a port that is none', ['serve', '--port', '-1']],
    ['an unknown chip', ['serve', '--chip', 'abacus']],
  ])('%s is wrong usage', async (_what, args) => {
    expect((await dpsRig('tpm', ...args)).exitCode).toBe(2);
  });

  it('prints lines to copy that work', async () => {
    const text = spawn(process.execPath, [main, 'tpm', 'serve', '--port', '0', '--cache', cache], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const exports: string[] = [];
      for await (const line of createInterface({ input: text.stdout })) {
        if (line.includes('export ')) exports.push(line.trim());
        if (line.includes('Registration Id (hexadecimal)')) break;
      }
      expect(exports).toHaveLength(2);
      for (const line of exports) {
        const { stdout } = await run('sh', ['-c', `${line}; tpm2_getrandom --hex 8`]);
        expect(stdout).toMatch(/^[0-9a-f]{16}$/);
      }
    } finally {
      await stop(text);
    }
  });

  it('keeps what was done to a TPM in its state file', async () => {
    const file = join(scratch.path, 'kept');
    const first = await startServe('--port', '0', '--state', file);
    const [{ tctiString = '' } = {}] = first.served.endpoints;
    await run('tpm2_evictcontrol', ['-T', tctiString, '-C', 'o', '-c', '0x81000001']);
    expect(await stop(first.child)).toBe(0);
    const again = await dpsRig('tpm', 'info', '--json', '--state', file);
    expect(JSON.parse(again.stdout)).toMatchObject({
      endorsementKey: first.served.endorsementKey,
      persistentHandles: ['0x81010001'],
    });
  });

  it('ends on Ctrl-C with nothing left: no port, no socket file, no swtpm', async () => {
    const pids = (await run('pgrep', ['-P', String(child.pid)])).stdout.trim().split('\n');
    expect(pids.length).toBeGreaterThan(0);
    expect(await stop(child)).toBe(0);
    expect([existsSync(unixPath), existsSync(`${unixPath}.ctrl`)]).toEqual([false, false]);
    for (const { port } of served.endpoints) {
      if (port === undefined) continue;
      const [error] = (await once(connect({ host: '127.0.0.1', port }), 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
    }
    for (const pid of pids) expect(existsSync(`/proc/${pid}`), `process ${pid}`).toBe(false);
  });
});
