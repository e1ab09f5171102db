import { once } from 'node:events';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type BridgeEndpoint,
  type ChipName,
  chipNames,
  defaultTpmCacheDirectory,
  describeTpm,
  openSimulatedTpm,
  openTctiTransport,
  openTpmCache,
  publishTpm,
  registrationIdFromEk,
  type SimulatedTpmSource,
  type TpmDescription,
  type TpmTransport,
  withLatency,
} from '../../../simulators/index.ts';
import { systemClock } from '../../../simulators/kernel/clock.ts';
import { EnvironmentError } from '../../../simulators/kernel/errors.ts';
import { seededRandom } from '../../../simulators/kernel/random.ts';
import { exitCodes } from '../exit-codes.ts';
import {
  type ProvisionInfoFormatName,
  provisionInfoFormats,
  renderProvisionInfo,
} from '../tpm-provision-info.ts';
import { renderPublished, renderTpmDescription, tpmDescriptionAsJson } from '../tpm-text.ts';

interface SourceOptions {
  readonly tpm?: string;
  readonly state?: string;
  readonly ephemeral?: true;
  readonly cache?: string;
}

interface ServeOptions extends SourceOptions {
  readonly port?: number;
  readonly unix?: string;
  readonly protocol: 'swtpm' | 'mssim' | 'both';
  readonly listen?: string;
  readonly chip?: ChipName;
  readonly json?: true;
}

interface ReadOptions extends SourceOptions {
  readonly tcti?: string;
}

interface InfoOptions extends ReadOptions {
  readonly json?: true;
}

interface ProvisionInfoOptions extends ReadOptions {
  readonly format: ProvisionInfoFormatName;
}

/** The port that tcti-swtpm and tcti-mssim use when they are told nothing. */
const defaultPort = 2321;

/** `dps-rig tpm serve|info|provision-info|list`: one simulated TPM for outside programs, and what a TPM is. */
export function addTpmCommand(program: Command): void {
  const tpm = program
    .command('tpm')
    .description('publish a simulated TPM to outside programs, or look at one');

  addSourceOptions(
    tpm
      .command('serve')
      .description('publish a TPM for tpm2-tools, IoT Edge and TSS libraries, until Ctrl-C'),
  )
    .option(
      '--port <n>',
      `TCP: the swtpm protocol on n and n+1, mssim on the next two (default ${defaultPort}); 0 takes free ones`,
      parsePort,
    )
    .addOption(
      new Option('--protocol <name>', 'what is spoken over TCP')
        .choices(['swtpm', 'mssim', 'both'])
        .default('both'),
    )
    .option(
      '--unix <path>',
      'Unix sockets: the swtpm protocol on <path> and <path>.ctrl; no TCP unless --port is given',
    )
    .option('--listen <address>', 'another address than 127.0.0.1; everybody who reaches it can use the TPM')
    .addOption(new Option('--chip <name>', 'as slow as this chip').choices(chipNames))
    .option('--json', 'print one line of JSON instead')
    .action(serve);

  addReadOptions(tpm.command('info').description('print keys, registration ids and properties of a TPM'))
    .option('--json', 'print JSON')
    .action(info);

  addReadOptions(
    tpm.command('provision-info').description('print what an enrollment needs, as a tool that you know does'),
  )
    .addOption(
      new Option('--format <tool>', 'tpm_device_provision, the recipe with tpm2-tools, or EFLOW')
        .choices(provisionInfoFormats)
        .default('sdk'),
    )
    .action(provisionInfo);

  tpm
    .command('list')
    .description('list the TPMs in the cache')
    .option('--cache <directory>', 'the cache', defaultTpmCacheDirectory())
    .option('--json', 'print JSON')
    .action(list);
}

/** Of commands that change nothing: any TPM will do. */
const addReadOptions = (command: Command): Command =>
  addSourceOptions(command).addOption(
    new Option('--tcti <string>', 'a TPM that tpm2-tss can reach, for example device:/dev/tpmrm0').conflicts([
      'tpm',
      'state',
      'ephemeral',
    ]),
  );

function addSourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--tpm <n>',
        'a TPM of the cache, by number or id (default: 0); what is done to it is forgotten',
      ).conflicts(['state', 'ephemeral']),
    )
    .addOption(
      new Option('--state <file>', 'a TPM that keeps its state in this file, made when missing').conflicts(
        'ephemeral',
      ),
    )
    .option('--ephemeral', 'a new TPM, forgotten at the end')
    .option('--cache <directory>', `the cache (default: ${defaultTpmCacheDirectory()})`);
}

async function serve(options: ServeOptions): Promise<void> {
  const interrupt = openInterrupt();
  try {
    await using tpm = await openSimulatedTpm(sourceOf(options), {
      signal: interrupt.signal,
      onProgress: sayProgress,
    });
    const description = await describeTpm(tpm.transport, interrupt.signal);
    await using bridge = await publishTpm({
      transport: asSlowAs(options.chip, tpm.transport),
      endpoints: endpointsOf(options),
      allowRemoteClients: options.listen !== undefined,
      onClientError: (error) => void process.stderr.write(`a client was disconnected: ${error.message}\n`),
    });
    const { endpoints } = bridge;
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ...tpmDescriptionAsJson(tpm.label, description), endpoints })}\n`
        : renderPublished(tpm.label, { endpoints, fate: fateOf(options) }, description),
    );
    await Promise.race([once(interrupt.signal, 'abort'), failWhenEnded(tpm.transport.exited)]);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = exitCodes.interrupted;
  } finally {
    interrupt[Symbol.dispose]();
  }
}

async function info(options: InfoOptions): Promise<void> {
  const { label, description } = await describe(options);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(tpmDescriptionAsJson(label, description), null, 2)}\n`
      : renderTpmDescription(label, description),
  );
}

async function provisionInfo({ format, ...source }: ProvisionInfoOptions): Promise<void> {
  const { description } = await describe(source);
  process.stdout.write(renderProvisionInfo(format, description));
}

/** Looks at a TPM without changing it. */
async function describe(
  options: ReadOptions,
): Promise<{ readonly label: string; readonly description: TpmDescription }> {
  const { signal } = new AbortController();
  if (options.tcti !== undefined) {
    await using transport = await openTctiTransport(options.tcti);
    return { label: options.tcti, description: await describeTpm(transport, signal) };
  }
  const source = sourceOf(options);
  const readOnly = source.kind === 'state-file' ? { ...source, readOnly: true } : source;
  await using tpm = await openSimulatedTpm(readOnly, { signal, onProgress: sayProgress });
  return { label: tpm.label, description: await describeTpm(tpm.transport, signal) };
}

async function list({ cache, json }: { readonly cache: string; readonly json?: true }): Promise<void> {
  const tpmCache = await openTpmCache(cache);
  const tpms = (await tpmCache.load(await tpmCache.size(), new AbortController().signal)).filter(
    (tpm) => tpm !== undefined,
  );
  const rows = tpms.map((tpm) => ({
    tpmId: tpm.tpmId,
    registrationId: registrationIdFromEk(tpm.endorsementKey),
  }));
  const lines = rows.map(({ tpmId, registrationId }) => `${tpmId}  ${registrationId}\n`);
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : lines.join(''));
}

function sourceOf({ tpm = '0', state, ephemeral, cache }: SourceOptions): SimulatedTpmSource {
  if (ephemeral) return { kind: 'ephemeral' };
  if (state !== undefined) return { kind: 'state-file', file: state };
  return { kind: 'cached', tpm, cacheDirectory: cache };
}

function fateOf({ state, ephemeral }: SourceOptions): string {
  if (ephemeral) return 'it is new and will be forgotten';
  return state === undefined ? 'what is done to it will be forgotten' : `its state will be kept in ${state}`;
}

function endpointsOf({ port, unix, protocol, listen }: ServeOptions): BridgeEndpoint[] {
  const overUnix: BridgeEndpoint[] =
    unix === undefined ? [] : [{ kind: 'unix', protocol: 'swtpm', path: unix }];
  if (unix !== undefined && port === undefined) return overUnix;
  const first = port ?? defaultPort;
  const protocols = protocol === 'both' ? (['swtpm', 'mssim'] as const) : [protocol];
  return [
    ...protocols.map((name, index) => ({
      kind: 'tcp' as const,
      protocol: name,
      host: listen,
      port: first === 0 ? 0 : first + 2 * index,
    })),
    ...overUnix,
  ];
}

const asSlowAs = (chip: ChipName | undefined, transport: TpmTransport): TpmTransport =>
  chip === undefined
    ? transport
    : withLatency(transport, { chip, random: seededRandom(0, 'tpm serve', chip), clock: systemClock });

async function failWhenEnded(exited: Promise<unknown>): Promise<never> {
  await exited;
  throw new EnvironmentError('swtpm', 'has ended');
}

function sayProgress(made: number, toMake: number): void {
  if (made === toMake || made % 10 === 0) process.stderr.write(`made ${made} of ${toMake} TPMs\n`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_532)
    throw new InvalidArgumentError('must be a port up to 65532, or 0.');
  return port;
}

/** The first signal to end aborts, and everything is closed in order; the second ends at once. */
function openInterrupt(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.removeListener(name, onSignal);
    },
  };
}
