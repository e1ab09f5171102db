import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runResultSchema } from '../../reports/run-result.ts';

const scenario = `name = "installed"
[endpoint]
kind = "emulator"
[[fleet]]
devices = 4
attestation = "symmetric-key"
enrollment = ["individual", "group"]
[[fleet]]
devices = 2
attestation = "tpm"
`;

/** node-gyp downloads headers unless it is told where the machine's are; as scripts/setup does. */
function headersOfThisMachine(): Record<string, string> {
  const { npm_config_nodedir: told, PATH = '' } = process.env;
  const prefixes = PATH.split(':').map((directory) => join(directory, '..'));
  const found = prefixes.find((prefix) => existsSync(join(prefix, 'include/node/openssl/provider.h')));
  return told === undefined && found !== undefined ? { npm_config_nodedir: found } : {};
}

describe('the package, installed in an empty project', () => {
  const home = mkdtempSync(join(tmpdir(), 'dps-rig-package-'));
  const project = join(home, 'project');
  let files: readonly string[] = [];

  const npx = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)('npx', ['--no', 'dps-rig', ...args], { cwd: project });

  beforeAll(async () => {
    execFileSync(process.execPath, ['scripts/build-package.ts']);
    const pack = ['pack', './dist', '--json', '--pack-destination', home];
    const [packed] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' })) as [
      { filename: string; files: { path: string }[] },
    ];
    files = packed.files.map(({ path }) => path);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', join(home, packed.filename)], {
      cwd: project,
      env: { ...process.env, ...headersOfThisMachine() },
    });
  }, 300_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('has what a user needs and no test', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'harness/cli/main.js',
        'simulators/index.d.ts',
        'scenarios/quickstart.toml',
        'scenarios/scenario.schema.json',
        'simulators/tls-key/src/addon.c',
        'node_modules/node-tss/index.js',
      ]),
    );
    expect(files.filter((path) => /\.test\.|\/testing\/|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  it('finds the machine in order, the native addon built', async () => {
    const { stdout } = await npx('doctor');
    expect(stdout).toMatch(/TLS keys by reference \(node-tls-key\) +a provider in/);
    expect(stdout).toMatch(/tpm2-tss through node-tss +libtss2-tctildr/);
  });

  it('runs a scenario', async () => {
    writeFileSync(join(project, 'fleet.toml'), scenario);
    await npx('run', 'fleet.toml', '--out', 'report');
    const { verdict, outcomes } = runResultSchema.parse(
      JSON.parse(readFileSync(join(project, 'report', 'run-result.json'), 'utf8')),
    );
    expect({ verdict, assigned: outcomes.assigned }).toEqual({ verdict: 'passed', assigned: 6 });
  });

  it('is an emulator until it is interrupted', async () => {
    const bin = join(project, 'node_modules', '.bin', 'dps-rig');
    const free = ['--https-port', '0', '--management-port', '0', '--json', '--state-dir', join(home, 'ca')];
    const emulator = spawn(bin, ['emulate', ...free], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(emulator.stdout), 'line')) as [string];
    const { managementUrl } = JSON.parse(line) as { managementUrl: string };
    const answer = await fetch(new URL('/info', managementUrl));
    const exited = once(emulator, 'exit');
    emulator.kill('SIGINT');
    expect(await answer.json()).toMatchObject({ profile: 'plain' });
    expect(await exited).toEqual([0, null]);
  });

  it('is a library for the tests of others', async () => {
    const lines = [
      "import { DpsEmulator, SoftwareTpm } from 'dps-rig/testing';",
      'await using dps = await new DpsEmulator().start();',
      'await using tpm = await new SoftwareTpm().start();',
      'const { status } = await fetch(dps.endpoints.https.url).catch((error) => ({ status: error.cause.code }));',
      'console.log(JSON.stringify({ idScope: dps.idScope, registrationId: tpm.registrationId, status }));',
    ];
    writeFileSync(join(project, 'use.js'), lines.join('\n'));
    const { stdout } = await promisify(execFile)(process.execPath, ['use.js'], { cwd: project });
    // Nobody told this process of the emulator's root: what it meets is real TLS.
    expect(JSON.parse(stdout)).toMatchObject({
      idScope: expect.stringMatching(/^0ne/) as unknown,
      registrationId: expect.stringMatching(/^[0-9a-z]{20,}$/) as unknown,
      status: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_/) as unknown,
    });
  });

  it('has types that a strict compiler takes', () => {
    const use = [
      "import { startDps } from 'dps-rig';",
      "import { type StartedDpsEmulator, DpsEmulator } from 'dps-rig/testing';",
      'await using dps = await startDps();',
      'export const port: number = dps.https.port;',
      'export const started: Promise<StartedDpsEmulator> = new DpsEmulator().start();',
    ].join('\n');
    writeFileSync(join(project, 'use.ts'), use);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--lib', 'esnext'];
    const types = ['--typeRoots', join(process.cwd(), 'node_modules/@types'), '--types', 'node'];
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, ...options, ...types, '--skipLibCheck', 'use.ts'], { cwd: project });
  });
});
