import { randomBytes } from 'node:crypto';
import type { DpsControl } from '../dps/dps-control.ts';
import type { DpsOptions } from '../dps/emulator.ts';
import { connectDpsControl } from '../dps/management-client.ts';
import { OWNER_POLICY_NAME } from '../dps/service-api/service-policy.ts';
import type { PkiBundle } from '../pki/test-pki.ts';
import { startRigContainer } from './rig-container.ts';

/** What the image of the emulator is told. */
export interface EmulatorContainerOptions
  extends Pick<
    DpsOptions,
    | 'idScope'
    | 'hubs'
    | 'rules'
    | 'profile'
    | 'latency'
    | 'seed'
    | 'quotas'
    | 'retryAfterSeconds'
    | 'assigningDurationMs'
  > {
  /** Default: a new one. */
  readonly authority?: PkiBundle | undefined;
  /** Of the image. */
  readonly tag?: string | undefined;
}

/** A Device Provisioning Service in a container. */
export interface EmulatorContainer extends AsyncDisposable {
  /** As published on 127.0.0.1. */
  readonly ports: Readonly<Record<'https' | 'mqtt' | 'amqp', number>>;
  readonly serviceConnectionString: string;
  readonly control: DpsControl;
}

const ports = { https: 443, mqtt: 8883, amqp: 5671, management: 9180 } as const;
const TOKEN_FILE = '/control/management-token';
const STATE_DIRECTORY = '/state';

/** @throws EnvironmentError as {@link startRigContainer} */
export async function startEmulatorContainer(
  options: EmulatorContainerOptions = {},
): Promise<EmulatorContainer> {
  const { authority, tag } = options;
  const serviceKey = randomBytes(32).toString('base64');
  await using resources = new AsyncDisposableStack();
  const container = resources.use(
    await startRigContainer({
      image: 'emulator',
      tag,
      ports: Object.values(ports),
      command: [
        ...['--management-address', '0.0.0.0', '--management-token-file', TOKEN_FILE],
        ...['--state-dir', STATE_DIRECTORY, '--service-key', serviceKey],
        ...emulateArguments(options),
      ],
      ...(authority === undefined
        ? {}
        : { files: { [`${STATE_DIRECTORY}/ca.json`]: JSON.stringify(authority) } }),
    }),
  );
  const token = (await container.run('cat', TOKEN_FILE)).trim();
  const running = resources.move();
  return {
    ports: {
      https: container.port(ports.https),
      mqtt: container.port(ports.mqtt),
      amqp: container.port(ports.amqp),
    },
    serviceConnectionString: `HostName=localhost;SharedAccessKeyName=${OWNER_POLICY_NAME};SharedAccessKey=${serviceKey}`,
    control: connectDpsControl(`http://127.0.0.1:${container.port(ports.management)}`, { token }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The same settings as options of `dps-rig emulate`. */
function emulateArguments(options: EmulatorContainerOptions): readonly string[] {
  const { hubs = [], rules = {}, quotas = {} } = options;
  const single = {
    '--id-scope': options.idScope,
    '--profile': options.profile,
    '--latency': options.latency,
    '--seed': options.seed,
    '--retry-after': options.retryAfterSeconds,
    '--assigning-ms': options.assigningDurationMs,
    '--quota-registrations-per-minute': quotas.registrationsPerMinute,
    '--quota-polls-per-ten-seconds': quotas.pollsPerTenSeconds,
    '--quota-service-operations-per-minute': quotas.serviceOperationsPerMinute,
  };
  return [
    ...Object.entries(single).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
    ...hubs.flatMap((hub) => ['--hub', hub]),
    ...Object.entries(rules).flatMap(([name, variant]) => ['--rule', `${name}=${variant}`]),
  ];
}
