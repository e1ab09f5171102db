import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../harness/cli/main.ts', import.meta.url));
const inNamespace = fileURLToPath(new URL('../support/capture-in-namespace.sh', import.meta.url));

const missing = whatIsMissing();
if (missing !== undefined) console.warn(`skipped, packets are not counted: ${missing}`);

/** Of the real world outside: not one packet may go there unasked. */
describe.skipIf(missing !== undefined)('dps-rig run at an address that is not loopback', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dps-rig-silence-'));
    writeFileSync(join(directory, 'resolv.conf'), 'nameserver 198.18.0.7\noptions timeout:1 attempts:1\n');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const azure = (where: string) =>
    `name = "a"\n[endpoint]\nkind = "azure"\nidScope = "0ne00000001"\nhubs = ["hub.azure-devices.example"]\n${where}`;
  const fleet = '[[fleet]]\ndevices = 3\nattestation = ["symmetric-key", "x509"]\n';
  const address = 'address = "198.18.0.7"\nport = 443\n';
  const consent = [
    ...['--allow-endpoint', 'global.azure-devices-provisioning.net', '--allow-endpoint'],
    ...['rig.azure-devices-provisioning.net', '--consent'],
  ];

  /** @returns exit code, packets, and what was said */
  async function run(scenario: string, options: readonly string[]) {
    const file = join(directory, 's.toml');
    writeFileSync(file, scenario + fleet);
    const child = spawn(
      'unshare',
      [
        ...[
          '--net',
          '--mount',
          inNamespace,
          join(directory, 'capture.pcapng'),
          join(directory, 'resolv.conf'),
        ],
        ...[process.execPath, program, 'run', file, '--out', join(directory, 'out'), '--quiet', ...options],
      ],
      {
        env: {
          ...process.env,
          DPS_CONNECTION_STRING:
            'HostName=rig.azure-devices-provisioning.net;SharedAccessKeyName=o;SharedAccessKey=AAAA',
        },
      },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { exitCode, said, packets: Number(/packets: (\d+)/.exec(said)?.[1]) };
  }

  it.each([
    ['by address', azure(address), []],
    ['by name', azure(''), []],
    ['with the hosts named, and no consent', azure(address), consent.slice(0, -1)],
    ['with consent, and no host named', azure(address), ['--consent']],
    [
      'to an emulator elsewhere, by name',
      'name = "a"\n[endpoint]\nkind = "external"\nmanagementUrl = "http://dps.example:9180"\n',
      [],
    ],
    [
      'to an emulator elsewhere',
      'name = "a"\n[endpoint]\nkind = "external"\nmanagementUrl = "http://198.18.0.7:9180"\n',
      [],
    ],
  ])('sends not one packet %s', async (_, scenario, options) => {
    const { exitCode, said, packets } = await run(scenario, options);
    expect(exitCode, said).toBe(2);
    expect(packets, said).toBe(0);
  });

  it.each([
    ['by address', azure(address)],
    ['by name', azure('')],
  ])('sends some %s as soon as it may, which shows that they are counted', async (_, scenario) => {
    const { packets, said } = await run(scenario, consent);
    expect(packets, said).toBeGreaterThan(0);
  });
});

function whatIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'namespaces need root';
  try {
    execFileSync('dumpcap', ['--version'], { stdio: 'ignore' });
    execFileSync('capinfos', ['--version'], { stdio: 'ignore' });
    execFileSync('unshare', ['--net', '--mount', 'ip', 'link'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return `${(error as Error).message}; apt-get install tshark iproute2 gives the programs`;
  }
}
