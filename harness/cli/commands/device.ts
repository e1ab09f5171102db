import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import {
  type ConfigNotice,
  describeConfig,
  type EdgeConfig,
  type EdgeVersion,
  type Enrollment,
  edgeVersions,
  inspectFiles,
  openConfiguredDevice,
  openDeviceFiles,
  type PlatformKind,
  parseEnrollments,
  platformKinds,
  readEdgeConfig,
} from '../../../simulators/index.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { type DeviceRun, runDevice } from '../../device/run-device.ts';
import { renderConfig, renderNotices, renderOutcome, renderPlan, renderStep } from '../device-text.ts';
import { exitCodes } from '../exit-codes.ts';
import { openInterrupts } from '../interrupts.ts';

interface DeviceOptions {
  readonly config: string;
  readonly platform?: PlatformKind;
  readonly version?: EdgeVersion;
  readonly root?: string;
  readonly endpoint?: string;
  readonly enrollments?: string;
  readonly fast?: boolean;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `dps-rig device --config FILE`: one device as its configuration says, every step explained. */
export function addDeviceCommand(program: Command): void {
  program
    .command('device')
    .description(
      'read the configuration of an IoT Edge device, say what it does, and do it against an emulator',
    )
    .requiredOption(
      '--config <file>',
      'config.toml, config.yaml, a Provision-EflowVm or Initialize-IoTEdge line or its JSON, a connection string',
    )
    .addOption(new Option('--platform <name>', 'default: what the format is for').choices(platformKinds))
    .addOption(new Option('--version <version>', 'of IoT Edge; default: the newest').choices(edgeVersions))
    .option('--root <directory>', 'stands for the root of the device: file: URIs are looked up in it')
    .option(
      '--endpoint <url>',
      'management URL of an emulator that runs and knows the device; default: a new one',
    )
    .option(
      '--enrollments <file>',
      'JSON with the enrollments that the emulator gets, instead of one for the device',
    )
    .option('--fast', 'do not wait as long as the device does between its requests')
    .option('--dry-run', 'read and explain only')
    .option('--json', 'print one JSON object in the end')
    .action(device);
}

async function device(options: DeviceOptions): Promise<void> {
  const { config: file, platform, version, root } = options;
  const config = await readEdgeConfig(file, { platform, version });
  const files = openDeviceFiles(root);
  const notices = [...config.notices, ...(await inspectFiles(config, files))];
  const say = (text: string): void => void (options.json ? undefined : process.stdout.write(text));
  say(renderConfig(file, config) + renderNotices(file, notices) + renderPlan(config));
  const ends = config.provisioning.source === 'none' || config.provisioning.source === 'external';
  const run =
    options.dryRun || ends || notices.some(isFatal)
      ? undefined
      : await provision(config, options, { say, enrollments: await readEnrollments(options) });
  if (run !== undefined) say(renderOutcome(run));
  if (options.json) process.stdout.write(`${JSON.stringify(asJson(config, notices, run), null, 2)}\n`);
  process.exitCode = exitCodeOf(notices, run);
}

const isFatal = ({ fatal }: ConfigNotice): boolean => fatal === true;

async function provision(
  config: EdgeConfig,
  { root, endpoint: endpointUrl, fast = false }: DeviceOptions,
  { say, enrollments }: { say: (text: string) => void; enrollments: readonly Enrollment[] | undefined },
): Promise<DeviceRun> {
  using interrupts = openInterrupts('what was opened is closed');
  const { signal } = interrupts;
  await using opened = await openConfiguredDevice(config, openDeviceFiles(root), signal);
  say('\nit does\n');
  const onRemark = (remark: string): void => say(`  (${remark})\n`);
  for (const remark of opened.remarks) onRemark(remark);
  const onStep: Parameters<typeof runDevice>[0]['onStep'] = (step) => say(renderStep(step));
  return await runDevice({
    config,
    device: opened,
    endpointUrl,
    enrollments,
    fast,
    signal,
    onRemark,
    onStep,
  });
}

async function readEnrollments({
  enrollments: file,
}: DeviceOptions): Promise<readonly Enrollment[] | undefined> {
  if (file === undefined) return undefined;
  try {
    return parseEnrollments(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new UsageError(`${file} has no enrollments that can be read`, {
      hint: 'It is the JSON that `dps-rig emulate --enrollments` takes.',
      cause,
    });
  }
}

function exitCodeOf(notices: readonly ConfigNotice[], run: DeviceRun | undefined): number {
  if (run === undefined) return notices.some(isFatal) ? exitCodes.usage : exitCodes.passed;
  switch (run.trace.result.kind) {
    case 'assigned':
      return exitCodes.passed;
    case 'aborted':
      return exitCodes.interrupted;
    case 'ended':
    case 'error':
      return exitCodes.correctness;
  }
}

const asJson = (
  config: EdgeConfig,
  notices: readonly ConfigNotice[],
  run: DeviceRun | undefined,
): unknown => ({
  device: describeConfig(config),
  notices,
  ...(run === undefined ? {} : { result: run.trace.result, modules: run.modules, steps: run.trace.steps }),
});
