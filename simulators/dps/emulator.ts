import { randomBytes } from 'node:crypto';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { UsageError } from '../kernel/errors.ts';
import { openHttpsListener } from '../server/https-listener.ts';
import { openDataDirectory } from '../storage/data-directory.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../wire/constants.ts';
import type { LinkedHubs } from './allocation.ts';
import { IssuedKeys } from './attestation/issued-keys.ts';
import { createCustomAllocation } from './custom-allocation.ts';
import type { DpsControl, DpsInfo } from './dps-control.ts';
import { EnrollmentStore } from './enrollment-store.ts';
import { createHttpsFrontEnd } from './front-ends/https.ts';
import { createLocalControl } from './local-control.ts';
import { openManagementApi } from './management-api.ts';
import { createQuotas, type QuotaLimits } from './quotas.ts';
import { RegistrationRegistry } from './registration-registry.ts';
import { createRegistrationService } from './registration-service.ts';
import { RequestLog } from './request-log.ts';
import { type ServerTls, throwAwayServerTls } from './server-tls.ts';
import { createServiceApi } from './service-api/service-api.ts';
import { OWNER_POLICY_NAME } from './service-api/service-policy.ts';

export interface DpsOptions extends Partial<LinkedHubs> {
  /** IP address. Default 127.0.0.1: the emulator stays on loopback unless told otherwise. */
  readonly address?: string;
  /** 0, the default, picks a free port. */
  readonly httpsPort?: number;
  /** Default 127.0.0.1, also where `address` is another. */
  readonly managementAddress?: string;
  /** 0, the default, picks a free port. */
  readonly managementPort?: number;
  /** Bearer token of the management API; needed where that is not on loopback. */
  readonly managementToken?: string;
  readonly idScope?: string;
  /** Key of the policy `provisioningserviceowner`, base64. Default: a new one. */
  readonly serviceKey?: string;
  /** Told to clients with every 202. Default 1. */
  readonly retryAfterSeconds?: number;
  /** How long a registration stays `assigning`. Default 0: the first status query finds it done. */
  readonly assigningDurationMs?: number;
  /** How long the webhook of a custom allocation may take. Default 5000. */
  readonly webhookTimeoutMs?: number;
  /** Default: no limits. */
  readonly quotas?: QuotaLimits;
  /** Keeps everything there from one start to the next. Default: in memory, until it is closed. */
  readonly dataDir?: string;
  /** Default: a throw-away CA. */
  readonly tls?: ServerTls;
  readonly clock?: Clock;
}

/** A running emulator. Closing it leaves no socket behind. */
export interface RunningDps extends AsyncDisposable {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly https: { readonly address: string; readonly port: number; readonly hostName: string };
  readonly management: { readonly url: string };
  /** For clients of the service API. Its HostName has no port: clients of other ports than 443 need telling. */
  readonly serviceConnectionString: string;
  readonly caPem: string;
  readonly control: DpsControl;
}

/** Looks like a real one: `0ne` and eight hexadecimal digits. */
export const DEFAULT_ID_SCOPE = '0ne00D95819';
const defaultHubs = ['hub-1.azure-devices.net', 'hub-2.azure-devices.net'];

/**
 * Starts a Device Provisioning Service that verifies.
 *
 * @throws UsageError when a hub name has no dot, a weight is not one, or the management API would be open to others without a token
 * @throws EnvironmentError when a port cannot be bound, or the data directory cannot be had
 */
export async function startDps(options: DpsOptions = {}): Promise<RunningDps> {
  const { address = '127.0.0.1', clock = systemClock } = options;
  const { idScope = DEFAULT_ID_SCOPE, hubs = defaultHubs } = options;
  const { retryAfterSeconds = 1, assigningDurationMs = 0 } = options;
  checkHubs(hubs);
  checkWeights(options.hubWeights ?? {});
  const tls = options.tls ?? (await throwAwayServerTls(address));
  await using cleanup = new AsyncDisposableStack();
  const storage = cleanup.use(
    options.dataDir === undefined ? createMemoryStorage() : openDataDirectory(options.dataDir),
  );
  const enrollments = new EnrollmentStore(clock, storage);
  const registry = cleanup.use(new RegistrationRegistry(clock, storage));
  const issuedKeys = new IssuedKeys(storage);
  const log = new RequestLog();
  const quotas = createQuotas(options.quotas ?? {}, clock);
  const serviceKey = options.serviceKey ?? toBase64(randomBytes(32));
  const policy = { name: OWNER_POLICY_NAME, key: readServiceKey(serviceKey) };
  const serviceApi = createServiceApi({ policy, clock, enrollments, registry, quotas });
  const closing = new AbortController();
  cleanup.defer(() => closing.abort());
  const allocateCustom = createCustomAllocation({
    timeoutMs: options.webhookTimeoutMs ?? 5000,
    signal: closing.signal,
  });
  const service = createRegistrationService({
    idScope,
    hubs,
    ...(options.hubWeights === undefined ? {} : { hubWeights: options.hubWeights }),
    ...(options.hubPreference === undefined ? {} : { hubPreference: options.hubPreference }),
    allocateCustom,
    assigningDurationMs,
    clock,
    enrollments,
    registry,
    issuedKeys,
    quotas,
  });

  const listener = cleanup.use(
    await openHttpsListener(
      { address, port: options.httpsPort ?? 0, ...tls },
      createHttpsFrontEnd({ service, serviceApi, log, clock, retryAfterSeconds }),
    ),
  );
  const https = { address: listener.address, port: listener.port, hostName: GLOBAL_DEVICE_ENDPOINT };
  const info: DpsInfo = { idScope, hubs, https, caPem: tls.caPem };
  const control = createLocalControl({ storage, enrollments, registry, issuedKeys, log, info: () => info });
  const management = cleanup.use(
    await openManagementApi({
      address: options.managementAddress ?? '127.0.0.1',
      port: options.managementPort ?? 0,
      token: options.managementToken,
      control,
    }),
  );
  const resources = cleanup.move();
  return {
    ...info,
    management: { url: management.url },
    serviceConnectionString: connectionString(listener.address, serviceKey),
    control,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** @throws UsageError */
function readServiceKey(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new UsageError('the service key is not base64', { cause });
  }
}

/** An address that stands for all of a machine's is none that a client can dial. */
function connectionString(address: string, key: string): string {
  const host = ['0.0.0.0', '::'].includes(address) ? 'localhost' : address;
  return `HostName=${host};SharedAccessKeyName=${OWNER_POLICY_NAME};SharedAccessKey=${key}`;
}

/** The C SDK splits a hub's name at its first dot, and the Java SDK throws where there is none. */
function checkHubs(hubs: readonly string[]): void {
  const dotless = hubs.find((hub) => !hub.includes('.'));
  if (dotless === undefined) return;
  throw new UsageError(`hub ${dotless} has no dot in its name`, {
    hint: `Call it ${dotless}.azure-devices.net, for example.`,
  });
}

/** A weight of 0 would leave no hub to choose. */
function checkWeights(weights: Readonly<Record<string, number>>): void {
  const wrong = Object.entries(weights).find(
    ([, weight]) => !Number.isInteger(weight) || weight < 1 || weight > 1000,
  );
  if (wrong === undefined) return;
  throw new UsageError(`hub ${wrong[0]} has the weight ${wrong[1]}`, {
    hint: 'A weight is a whole number from 1 to 1000.',
  });
}
