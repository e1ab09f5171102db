import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { EnvironmentError, toError } from '../kernel/errors.ts';
import { type ManagedProcess, startProcess } from '../processes/managed-process.ts';

/** One of the images of docker/, and how it is run. */
export interface RigContainerRequest {
  readonly image: 'emulator' | 'swtpm' | 'softhsm';
  /** Default: `DPS_RIG_TAG`, or `latest`. */
  readonly tag?: string | undefined;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** TCP ports that are published, on free ports of 127.0.0.1. */
  readonly ports?: readonly number[];
  /** Directories in memory, with mount options. */
  readonly memory?: Readonly<Record<string, string>>;
  /** Directories of this machine, by the path in the container. */
  readonly directories?: Readonly<Record<string, string>>;
  /** `uid:gid`; default: that of the image. */
  readonly user?: string;
  /** Text by path in the container, readable there for all. The root file system can then be written to. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: Docker's own network. */
  readonly network?: 'none';
}

/** A container that is healthy; disposing of it removes it with its volumes. */
export interface RigContainer extends AsyncDisposable {
  /** As `docker ps` shows it. */
  readonly name: string;
  /** The published port, on 127.0.0.1, for one of the container's. */
  port(containerPort: number): number;
  /** What a command in it prints. @throws EnvironmentError when it fails */
  run(...command: readonly string[]): Promise<string>;
}

/** The first health check of an image comes after some seconds; four cores may be busy with other containers. */
const START_DEADLINE_MS = 120_000;
const REMOVAL_DEADLINE_MS = 30_000;
const KEPT_LOG_LINES = 20;
/** Where ports are published. testcontainers would tell another address to those who are in a container themselves. */
const LOOPBACK = '127.0.0.1';

/**
 * Starts a container as its image is meant to be run: without capabilities, on a read-only root file system, published on
 * loopback alone, so that the engine has to be this machine's. It is removed when this process dies, by a guard process;
 * `npm run containers:clean` removes all.
 *
 * @throws EnvironmentError when there is no engine or no image, or it does not become healthy, with its last lines of log
 */
export async function startRigContainer(request: RigContainerRequest): Promise<RigContainer> {
  // At the first use: most programs need no containers, and it takes a third of a second to load.
  const { GenericContainer, PullPolicy, Wait } = await import('testcontainers');
  const name = `dps-rig/${request.image}:${request.tag ?? process.env['DPS_RIG_TAG'] ?? 'latest'}`;
  const { files = {}, ports = [], directories = {} } = request;
  await using resources = new AsyncDisposableStack();

  class Hardened extends GenericContainer {
    constructor() {
      super(name);
      this.withExposedPorts(...ports);
      const published = ports.map((port) => [`${port}/tcp`, [{ HostIp: LOOPBACK, HostPort: '0' }]]);
      Object.assign(this.hostConfig, {
        Init: true,
        ReadonlyRootfs: Object.keys(files).length === 0,
        PortBindings: Object.fromEntries(published) as Record<string, unknown>,
      });
    }

    protected override async containerCreated(id: string): Promise<void> {
      resources.use(await guard(id));
    }
  }

  const log: string[] = [];
  const container = new Hardened()
    .withPullPolicy(PullPolicy.neverPull())
    .withAutoCleanup(false) // its reaper is an image from a registry; see guard
    .withLabels({ 'dps-rig': process.env['DPS_RIG_LABEL'] ?? 'testcontainers' })
    .withDroppedCapabilities('ALL')
    .withSecurityOpt('no-new-privileges')
    .withTmpFs({ '/tmp': 'exec', ...request.memory })
    .withEnvironment({ ...request.environment })
    .withBindMounts(Object.entries(directories).map(([target, source]) => ({ source, target })))
    .withCopyContentToContainer(
      Object.entries(files).map(([target, content]) => ({ target, content, mode: 0o644 })),
    )
    .withLogConsumer((stream) => keepLast(stream, log))
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(START_DEADLINE_MS);
  if (request.command !== undefined) container.withCommand([...request.command]);
  if (request.user !== undefined) container.withUser(request.user);
  if (request.network !== undefined) container.withNetworkMode(request.network);

  const started = await container.start().catch((cause: unknown) => {
    throw unstartable(name, toError(cause), log);
  });
  resources.defer(async () => void (await started.stop()));
  const running = resources.move();
  return {
    name: started.getName().replace(/^\//, ''),
    port: (containerPort) => started.getMappedPort(containerPort),
    run: async (...command) => {
      const { exitCode, output, stdout } = await started.exec([...command]);
      if (exitCode === 0) return stdout;
      throw new EnvironmentError(name, `${command.join(' ')} ended with ${exitCode}: ${output.trim()}`);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

// Its descriptor 3 is ours to hold: `read` returns when this process lets go of it, also when it is killed. That it is
// told to end as well must not keep it from its work.
const removeWhenAlone = 'trap "" TERM; read -r _ <&3; docker rm --force --volumes "$1" >/dev/null 2>&1';

/** Removes a container that this process leaves behind, or that did not start. */
const guard = (id: string): Promise<ManagedProcess> =>
  startProcess({
    command: 'sh',
    args: ['-c', removeWhenAlone, 'dps-rig-guard', id],
    channels: 1,
    stopDeadlineMs: REMOVAL_DEADLINE_MS,
    install: 'a POSIX shell belongs to every Linux system',
  });

function keepLast(stream: Readable, lines: string[]): void {
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line);
    if (lines.length > KEPT_LOG_LINES) lines.shift();
  });
}

function unstartable(name: string, cause: Error, lastLogLines: readonly string[]): EnvironmentError {
  const hint = cause.message.includes('does not exist locally')
    ? 'Build the images: npm run images'
    : cause.message.includes('container runtime')
      ? 'Start the Docker engine, or install it: scripts/setup --containers'
      : undefined;
  return new EnvironmentError(name, `does not start: ${cause.message}`, { hint, lastLogLines, cause });
}
