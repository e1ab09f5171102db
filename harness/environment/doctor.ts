import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import { promisify } from 'node:util';
import {
  findSoftHsmModule,
  probeCryptokiModule,
  probeTlsKeys,
  probeTpm2Tss,
} from '../../simulators/index.ts';
import { toError } from '../../simulators/kernel/errors.ts';

/** One thing that dps-rig may need from the machine, and what was found. */
export interface Finding {
  readonly name: string;
  /** `ok`, `optional` (missing, a part of the product is disabled) or `required` (missing, nothing runs). */
  readonly state: 'ok' | 'optional' | 'required';
  /** The version, or what went wrong. */
  readonly detail: string;
  /** What does not work without it. */
  readonly disables?: string;
  /** A command, or one sentence. */
  readonly fix?: string;
}

interface Probe {
  readonly name: string;
  readonly required: boolean;
  readonly disables: string;
  readonly fix: string;
  /** Returns the version; throws when the thing is missing. */
  readonly find: () => Promise<string>;
}

const MIN_NODE_MAJOR = 24;
const setup = 'scripts/setup';

const probes: readonly Probe[] = [
  {
    name: 'Node.js',
    required: true,
    disables: 'everything: dps-rig is TypeScript that Node runs as it is',
    fix: setup,
    find: async () => {
      const major = Number(process.versions.node.split('.')[0]);
      if (major < MIN_NODE_MAJOR) throw new Error(`${process.version}, ${MIN_NODE_MAJOR} or later is needed`);
      return Promise.resolve(process.version);
    },
  },
  {
    name: 'swtpm',
    required: true,
    disables: 'TPM devices, `dps-rig tpm`',
    fix: 'apt-get install swtpm',
    find: () => firstLine('swtpm', ['--version'], /version ([\d.]+)/),
  },
  {
    name: 'SoftHSM2 through pkcs11js',
    required: false,
    disables: 'devices whose keys live in an HSM',
    fix: 'apt-get install softhsm2 && npm rebuild pkcs11js',
    find: async () => {
      const path = findSoftHsmModule();
      if (path === undefined) throw new Error('libsofthsm2.so was not found');
      const info = probeCryptokiModule(path);
      return Promise.resolve(`${info.libraryVersion}, PKCS#11 ${info.cryptokiVersion}, ${path}`);
    },
  },
  {
    name: 'TLS keys by reference (node-tls-key)',
    required: false,
    disables: 'TLS with X.509 keys that stay in an HSM or TPM',
    fix: 'apt-get install build-essential python3 && npm rebuild node-tls-key',
    find: () => Promise.try(probeTlsKeys),
  },
  {
    name: 'tpm2-tss through node-tss',
    required: false,
    disables:
      'TPMs addressed by a TCTI string (`dps-rig tpm info --tcti`), the cross-check of our marshaller',
    fix: 'apt-get install libtss2-dev',
    find: probeTpm2Tss,
  },
  {
    name: 'tpm2-tools',
    required: false,
    disables: 'the tests that point outside programs at a simulated TPM',
    fix: 'apt-get install tpm2-tools',
    find: () => firstLine('tpm2_getrandom', ['--version'], /version="?([\d.]+)/),
  },
  {
    name: 'OpenSC (pkcs11-tool)',
    required: false,
    disables: 'looking into tokens from outside',
    fix: 'apt-get install opensc',
    find: () => firstLine('opensc-tool', ['--version'], /([\d.]+)/),
  },
  {
    name: 'ports 443, 8883, 5671',
    required: false,
    disables: 'clients that can only reach standard ports (C, Python, Java MQTT and AMQP)',
    fix: 'run as root, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=443',
    find: () => bindable([443, 8883, 5671]),
  },
  {
    name: 'memory file system',
    required: false,
    disables: 'quick state swaps: pooled TPMs fall back to the disk',
    fix: 'mount a tmpfs on /dev/shm',
    find: async () => {
      await access('/dev/shm', constants.W_OK);
      return '/dev/shm';
    },
  },
  {
    name: 'nats-server',
    required: false,
    disables: 'a NATS server of your own for `dps-rig run --nats` (one elsewhere will do), the tests of it',
    fix: 'apt-get install nats-server',
    find: () => firstLine('nats-server', ['--version'], /v([\d.]+)/),
  },
  {
    name: 'Docker engine',
    required: false,
    disables: 'container back ends',
    fix: 'apt-get install docker.io, then start dockerd',
    find: () => firstLine('docker', ['version', '--format', 'server {{.Server.Version}}'], /server (\S+)/),
  },
];

/** Looks for everything that dps-rig may need; never throws. */
export async function examineMachine(): Promise<readonly Finding[]> {
  return Promise.all(
    probes.map(async ({ name, required, disables, fix, find }): Promise<Finding> => {
      try {
        return { name, state: 'ok', detail: await find() };
      } catch (thrown) {
        const detail = missingDetail(toError(thrown));
        return { name, state: required ? 'required' : 'optional', detail, disables, fix };
      }
    }),
  );
}

/** The machine in one line, for the head of `dps-rig doctor`. */
export function describeMachine(): string {
  const cpus = os.cpus();
  const memoryGiB = (os.totalmem() / 2 ** 30).toFixed(0);
  return `${os.type()} ${os.release()} ${os.arch()}, ${cpus.length} x ${cpus[0]?.model.trim() ?? 'CPU'}, ${memoryGiB} GiB`;
}

async function firstLine(program: string, args: readonly string[], version: RegExp): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { timeout: 10_000 });
  const line = stdout.split('\n')[0] ?? '';
  return version.exec(line)?.[1] ?? line;
}

async function bindable(ports: readonly number[]): Promise<string> {
  for (const port of ports) {
    await new Promise<void>((resolve, reject) => {
      const server = createServer().once('error', reject);
      // An address that nothing else uses: the question is the privilege, not whether somebody listens already.
      server.listen(port, '127.43.255.254', () => server.close(() => resolve()));
    });
  }
  return 'can be bound';
}

function missingDetail(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'not installed';
  return (
    error.message.split('\n').find((line) => !line.startsWith('Command failed')) ?? error.message
  ).trim();
}
