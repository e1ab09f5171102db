import { once } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { isLoopback, parseEnrollments, type RunningDps } from '../../../simulators/index.ts';
import { ScenarioError, toError } from '../../../simulators/kernel/errors.ts';
import {
  DEVELOPMENT_SERVICE_KEY,
  type DevelopmentAuthority,
  defaultStateDirectory,
  developmentGroup,
  openDevelopmentAuthority,
} from '../../environment/development-authority.ts';
import { type KeyLog, openKeyLog } from '../../environment/key-log.ts';
import { openManagementToken } from '../../environment/management-token.ts';
import { startEmulator } from '../../environment/start-emulator.ts';
import { renderBanner } from '../emulator-banner.ts';
import { addBehaviourOptions, type BehaviourOptions } from './behaviour-options.ts';
import { addContainerOptions, type ContainerOptions } from './container-options.ts';
import { addQuotaOptions, type QuotaOptions, quotasOf } from './quota-options.ts';

interface EmulateOptions extends QuotaOptions, BehaviourOptions, ContainerOptions {
  readonly address?: string;
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  readonly amqpPort?: number;
  readonly managementPort: number;
  readonly idScope?: string;
  readonly serviceKey?: string;
  readonly hub: readonly string[];
  readonly hubWeight: Readonly<Record<string, number>>;
  readonly hubPreference: readonly string[];
  readonly retryAfter: number;
  readonly assigningMs: number;
  readonly webhookTimeoutMs: number;
  readonly enrollments?: string;
  readonly stateDir: string;
  readonly dataDir?: string;
  readonly developmentGroup: boolean;
  readonly keylog?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** `dps-rig emulate`: a Device Provisioning Service on this machine, until Ctrl-C. */
export function addEmulateCommand(program: Command): void {
  const command = program
    .command('emulate')
    .description('run a Device Provisioning Service that verifies, until Ctrl-C')
    .option('--address <ip>', 'address to listen on (default: a loopback address)')
    .option(
      '--https-port <port>',
      'port of the device API; 0 picks a free one (default: 443 where allowed)',
      parsePort,
    )
    .option(
      '--mqtt-port <port>',
      'port of MQTT; 0 picks a free one (default: 8883 where HTTPS has 443)',
      parsePort,
    )
    .option(
      '--amqp-port <port>',
      'port of AMQP; 0 picks a free one (default: 5671 where HTTPS has 443)',
      parsePort,
    )
    .option('--management-port <port>', 'port of the management API; 0 picks a free one', parsePort, 9180)
    .option('--id-scope <scope>', 'idScope of the instance')
    .option('--service-key <base64>', 'key of the policy provisioningserviceowner of the service API')
    .option(
      '--hub <host>',
      'a linked hub; may be repeated',
      (host: string, all: readonly string[]) => [...all, host],
      [],
    )
    .option(
      '--hub-weight <host=weight>',
      'share of a hub under the policy hashed, 1 to 1000; may be repeated',
      addWeight,
      {},
    )
    .option(
      '--hub-preference <host>',
      'hubs for the policy geoLatency, nearest first; repeated',
      (host: string, all: readonly string[]) => [...all, host],
      [],
    )
    .option('--retry-after <seconds>', 'told to clients with every 202', parseCount, 1)
    .option('--assigning-ms <ms>', 'how long a registration stays assigning', parseCount, 0)
    .option(
      '--webhook-timeout-ms <ms>',
      'how long the webhook of a custom allocation may take',
      parseCount,
      5000,
    )
    .option('--enrollments <file>', 'JSON: enrollments in the shape of the service API')
    .option('--state-dir <directory>', 'where the CA is kept between starts', defaultStateDirectory())
    .option('--data-dir <directory>', 'keep enrollments and registrations there (default: in memory)')
    .option(
      '--no-development-group',
      'start without the group whose key everybody knows (it is on loopback only)',
    )
    .option('--keylog <file>', 'write the TLS keys of the connections, for Wireshark and tshark')
    .option('--json', 'print endpoints as one JSON line instead of text')
    .option('--quiet', 'print nothing');
  addContainerOptions(addBehaviourOptions(addQuotaOptions(command))).action(async (given: EmulateOptions) => {
    // A key that everybody knows opens nothing but this machine.
    const developmentGroup = given.developmentGroup && isLoopback(given.address ?? '127.0.0.1');
    const serviceKey = given.serviceKey ?? (developmentGroup ? DEVELOPMENT_SERVICE_KEY : undefined);
    const options = { ...given, developmentGroup, ...(serviceKey === undefined ? {} : { serviceKey }) };
    const authority = await openDevelopmentAuthority(options.stateDir);
    if (options.caFile !== undefined) await copyFile(authority.caFile, options.caFile);
    const enrollments = options.enrollments === undefined ? [] : await readEnrollments(options.enrollments);
    using keyLog = options.keylog === undefined ? undefined : openKeyLog(options.keylog);
    await using dps = await start(options, authority, keyLog);
    await enrollAll(dps, enrollments, options);
    if (options.json) process.stdout.write(`${JSON.stringify(describe(dps, authority))}\n`);
    else if (!options.quiet) process.stdout.write(renderBanner(dps, authority, options));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  });
}

async function start(
  options: EmulateOptions,
  authority: DevelopmentAuthority,
  keyLog: KeyLog | undefined,
): Promise<RunningDps> {
  const { address, httpsPort, mqttPort, amqpPort, managementPort, idScope, serviceKey, hub, dataDir } =
    options;
  const { managementAddress, managementTokenFile: tokenFile } = options;
  return startEmulator(
    {
      managementPort,
      ...(managementAddress === undefined ? {} : { managementAddress }),
      ...(tokenFile === undefined ? {} : { managementToken: await openManagementToken(tokenFile) }),
      retryAfterSeconds: options.retryAfter,
      assigningDurationMs: options.assigningMs,
      webhookTimeoutMs: options.webhookTimeoutMs,
      quotas: quotasOf(options),
      rules: options.rule,
      profile: options.profile,
      latency: options.latency,
      faults: options.fault,
      seed: options.seed,
      policies: options.policy,
      hubWeights: options.hubWeight,
      hubPreference: options.hubPreference,
      ...(keyLog === undefined ? {} : { onKeyLog: keyLog.write }),
      ...(address === undefined ? {} : { address }),
      ...(httpsPort === undefined ? {} : { httpsPort }),
      ...(mqttPort === undefined ? {} : { mqttPort }),
      ...(amqpPort === undefined ? {} : { amqpPort }),
      ...(idScope === undefined ? {} : { idScope }),
      ...(serviceKey === undefined ? {} : { serviceKey }),
      ...(hub.length === 0 ? {} : { hubs: hub }),
      ...(dataDir === undefined ? {} : { dataDir }),
    },
    authority,
  );
}

async function enrollAll(
  { control }: RunningDps,
  enrollments: Awaited<ReturnType<typeof readEnrollments>>,
  options: EmulateOptions,
): Promise<void> {
  if (options.developmentGroup) await control.enroll([developmentGroup]);
  try {
    await control.enroll(enrollments);
  } catch (cause) {
    throw new ScenarioError({ file: options.enrollments ?? '', message: toError(cause).message }, { cause });
  }
}

/** @throws ScenarioError naming the file and the path of the key */
async function readEnrollments(file: string) {
  try {
    return parseEnrollments(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new ScenarioError({ file, message: toError(cause).message }, { cause });
  }
}

const describe = (dps: RunningDps, { caFile }: DevelopmentAuthority) => ({
  idScope: dps.idScope,
  hubs: dps.hubs,
  https: dps.https,
  mqtt: dps.mqtt,
  amqp: dps.amqp,
  managementUrl: dps.management.url,
  serviceConnectionString: dps.serviceConnectionString,
  hubConnectionStrings: dps.hubConnectionStrings,
  policyConnectionStrings: dps.policyConnectionStrings,
  rules: dps.rules,
  profile: dps.profile,
  latency: dps.latency,
  caFile,
});

function parsePort(text: string): number {
  const port = parseCount(text);
  if (port > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535.');
  return port;
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number.');
  return value;
}

function addWeight(text: string, all: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const [, host, weight] = /^([^=]+)=(\d{1,4})$/.exec(text) ?? [];
  const value = Number(weight);
  if (host === undefined || value < 1 || value > 1000) {
    throw new InvalidArgumentError('expected HOST=WEIGHT, the weight from 1 to 1000.');
  }
  return { ...all, [host]: value };
}
