import os from 'node:os';
import { type Command, Option } from 'commander';
import {
  type CheckContext,
  type CheckSubject,
  checksOf,
  type EdgeVersion,
  edgeVersions,
  GLOBAL_DEVICE_ENDPOINT,
  newestVersionOf,
  openDeviceFiles,
  type PlatformKind,
  platformKinds,
  readEdgeConfig,
  releaseOf,
  runChecks,
  subjectOfConfig,
  versionsOf,
} from '../../../simulators/index.ts';
import { systemClock } from '../../../simulators/kernel/clock.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { REAL_SERVICES, reachServices } from '../../environment/reach-services.ts';
import { checksAsJson, renderChecks } from '../check-text.ts';
import { exitCodes } from '../exit-codes.ts';

interface CheckOptions {
  readonly config?: string;
  readonly root?: string;
  readonly platform?: PlatformKind;
  readonly version?: EdgeVersion;
  readonly endpoint: string;
  readonly hostname: string;
  readonly iothubHostname?: string;
  readonly dontRun: readonly string[];
  readonly output: 'text' | 'json';
}

/** How long one service may take to be reached. */
const TIMEOUT_MS = 15_000;

/** `dps-rig check`: what `iotedge check` and `aziotctl check` find out about provisioning, without a device. */
export function addCheckCommand(program: Command): void {
  program
    .command('check')
    .description('check a configuration and the way to its services, as `iotedge check` does on a device')
    .option('--config <file>', 'as for `dps-rig device` (default: a device that asks DPS by its usual name)')
    .option('--root <directory>', 'stands for the root of the device: file: URIs are looked up in it')
    .addOption(new Option('--platform <name>', 'default: what the format is for').choices(platformKinds))
    .addOption(new Option('--version <version>', 'of IoT Edge; default: the newest').choices(edgeVersions))
    .option(
      '--endpoint <url>',
      `management API of the emulator that stands for the services, or ${REAL_SERVICES} for the real ones`,
      'http://127.0.0.1:9180',
    )
    .option('--hostname <name>', 'what the device calls itself', os.hostname())
    .option('--iothub-hostname <name>', 'the hub, which a device with DPS learns only later')
    .option('--dont-run <id...>', 'checks to leave out', [])
    .addOption(new Option('--output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .action(check);
}

async function check(options: CheckOptions): Promise<void> {
  const { platform = 'linux', output, dontRun } = options;
  if (options.config === undefined) requireRelease(platform, options.version ?? newestVersionOf(platform));
  const subject = readSubject(options);
  const version = await subject.then(
    (read) => read.version,
    () => options.version ?? newestVersionOf(platform),
  );
  requireChecks(version, dontRun);
  const endpoints = await reachServices(options.endpoint);
  const open = async (): Promise<CheckContext> => ({
    ...{ subject: await subject, endpoints, deviceHostName: options.hostname },
    ...{ hubHostName: options.iothubHostname, clock: systemClock, timeoutMs: TIMEOUT_MS },
  });
  const reports = await runChecks({ version, open, dontRun }, new AbortController().signal);
  const about = { config: options.config, version, endpoint: options.endpoint };
  process.stdout.write(
    output === 'json' ? `${JSON.stringify(checksAsJson(reports, about), null, 2)}\n` : renderChecks(reports),
  );
  const isWrong = reports.some(({ result }) => result.kind === 'failed' || result.kind === 'fatal');
  if (isWrong) process.exitCode = exitCodes.correctness;
}

/** Without a configuration: a device that asks DPS under its usual name. */
async function readSubject(options: CheckOptions): Promise<CheckSubject> {
  const { config, root, platform = 'linux', version = newestVersionOf(platform) } = options;
  if (config !== undefined) {
    const { platform: givenPlatform, version: givenVersion } = options;
    const read = await readEdgeConfig(config, { platform: givenPlatform, version: givenVersion });
    return subjectOfConfig(read, openDeviceFiles(root));
  }
  return {
    ...{ platform, version, hostName: undefined, notices: [] },
    provisioning: { source: 'dps', globalEndpoint: `https://${GLOBAL_DEVICE_ENDPOINT}/` },
    ...{ certificates: [], privateKeys: [], pairs: [], keysElsewhere: [] },
  };
}

function requireRelease(platform: PlatformKind, version: EdgeVersion): void {
  if (releaseOf(platform, version) !== undefined) return;
  throw new UsageError(`there is no IoT Edge ${version} for ${platform}`, {
    hint: `Choose one of ${versionsOf(platform).join(', ')}.`,
  });
}

function requireChecks(version: EdgeVersion, ids: readonly string[]): void {
  const known = checksOf(version).map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new UsageError(`${version} has no check ${unknown}`, { hint: `It has: ${known.join(', ')}.` });
}
