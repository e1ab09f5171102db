import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createHubHttpsFrontEnd, type HubRequestRecord, isHubRequest } from '../hub/front-ends/https.ts';
import { HubDirectory } from '../hub/hub-directory.ts';
import { HUB_OWNER_POLICY, type HubPolicy, hubPolicyRights } from '../hub/hub-policy.ts';
import { createHubService } from '../hub/hub-service.ts';
import { provisionDevice } from '../hub/provision-device.ts';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { UsageError } from '../kernel/errors.ts';
import { openHttpsListener } from '../server/https-listener.ts';
import { openTlsListener } from '../server/tls-listener.ts';
import { createWebSocketUpgrade } from '../server/web-socket.ts';
import { AMQP_SUBPROTOCOL } from '../wire/amqp.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../wire/constants.ts';
import { MQTT_SUBPROTOCOL } from '../wire/mqtt.ts';
import { serviceTime } from '../wire/service-time.ts';
import type { LinkedHubs } from './allocation.ts';
import { IssuedKeys } from './attestation/issued-keys.ts';
import { createCustomAllocation } from './custom-allocation.ts';
import type { DpsControl, DpsInfo, LoggedRequest } from './dps-control.ts';
import { EnrollmentStore } from './enrollment-store.ts';
import { createAmqpFrontEnd } from './front-ends/amqp.ts';
import { createHttpsFrontEnd } from './front-ends/https.ts';
import { createMqttFrontEnd } from './front-ends/mqtt.ts';
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
  /** 0, the default, picks a free port. */
  readonly mqttPort?: number;
  /** 0, the default, picks a free port. */
  readonly amqpPort?: number;
  /** Default 127.0.0.1, also where `address` is another. */
  readonly managementAddress?: string;
  /** 0, the default, picks a free port. */
  readonly managementPort?: number;
  /** Bearer token of the management API; needed where that is not on loopback. */
  readonly managementToken?: string;
  readonly idScope?: string;
  /** Key of the policy `provisioningserviceowner`, base64. Default: a new one. */
  readonly serviceKey?: string;
  /** Key of the policies of every hub, base64. Default: a new one. */
  readonly hubKey?: string;
  /** Told to clients with every 202. Default 1. */
  readonly retryAfterSeconds?: number;
  /** How long a registration stays `assigning`. Default 0: the first status query finds it done. */
  readonly assigningDurationMs?: number;
  /** How long the webhook of a custom allocation may take. Default 5000. */
  readonly webhookTimeoutMs?: number;
  /** Default: no limits. */
  readonly quotas?: QuotaLimits;
  /** Takes the secrets of every TLS connection, a line each, in the format of SSLKEYLOGFILE. */
  readonly onKeyLog?: (line: Buffer) => void;
  /** Default: a throw-away CA. */
  readonly tls?: ServerTls;
  readonly clock?: Clock;
}

/** A running emulator. Closing it leaves no socket behind. */
export interface RunningDps extends AsyncDisposable {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly https: { readonly address: string; readonly port: number; readonly hostName: string };
  /** On the address of HTTPS; the latter's port serves both in WebSockets. */
  readonly mqtt: { readonly port: number };
  readonly amqp: { readonly port: number };
  readonly management: { readonly url: string };
  /** For clients of the service API. Its HostName has no port: clients of other ports than 443 need telling. */
  readonly serviceConnectionString: string;
  /** By host name of the hub, for its policy `iothubowner`. */
  readonly hubConnectionStrings: Readonly<Record<string, string>>;
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
 * @throws EnvironmentError when a port cannot be bound
 */
export async function startDps(options: DpsOptions = {}): Promise<RunningDps> {
  const { address = '127.0.0.1', clock = systemClock } = options;
  const { idScope = DEFAULT_ID_SCOPE, hubs = defaultHubs } = options;
  const { retryAfterSeconds = 1, assigningDurationMs = 0 } = options;
  checkHubs(hubs);
  checkWeights(options.hubWeights ?? {});
  const tls = { ...(options.tls ?? (await throwAwayServerTls(address))), onKeyLog: options.onKeyLog };
  const enrollments = new EnrollmentStore(clock);
  const registry = new RegistrationRegistry(clock);
  const issuedKeys = new IssuedKeys();
  const directory = new HubDirectory(hubs);
  const log = new RequestLog();
  const quotas = createQuotas(options.quotas ?? {}, clock);
  const serviceKey = options.serviceKey ?? toBase64(randomBytes(32));
  const policy = { name: OWNER_POLICY_NAME, key: readKey(serviceKey, 'service key') };
  const serviceApi = createServiceApi({ policy, clock, enrollments, registry, quotas });
  await using cleanup = new AsyncDisposableStack();
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
    provision: (device) => {
      provisionDevice(device, directory);
    },
    assigningDurationMs,
    clock,
    enrollments,
    registry,
    issuedKeys,
    quotas,
  });

  const hubKey = options.hubKey ?? toBase64(randomBytes(32));
  const policies = hubPolicies(readKey(hubKey, 'hub key'));
  const hubFrontEnd = createHubHttpsFrontEnd({
    ...{ directory, policies, clock },
    service: createHubService({ directory, policies, clock }),
    onAnswered: (record) => {
      log.add(hubLogEntry(record, clock));
    },
  });
  const dpsFrontEnd = createHttpsFrontEnd({ service, serviceApi, log, clock, retryAfterSeconds });
  const byHost: RequestListener = (request, response) => {
    const isForHub = isHubRequest(request, directory);
    (isForHub ? hubFrontEnd : dpsFrontEnd)(request, response);
  };
  const serveAmqp = createAmqpFrontEnd({ service, log, clock, retryAfterSeconds });
  const serveMqtt = createMqttFrontEnd({ service, log, clock, retryAfterSeconds });
  const upgrade = createWebSocketUpgrade({
    [AMQP_SUBPROTOCOL.toLowerCase()]: serveAmqp,
    [MQTT_SUBPROTOCOL]: serveMqtt,
  });
  const listener = cleanup.use(
    await openHttpsListener({ address, port: options.httpsPort ?? 0, upgrade, ...tls }, byHost),
  );
  const https = { address: listener.address, port: listener.port, hostName: GLOBAL_DEVICE_ENDPOINT };
  const amqpListener = cleanup.use(
    await openTlsListener({ what: 'AMQP', address, port: options.amqpPort ?? 0, ...tls }, serveAmqp),
  );
  const amqp = { port: amqpListener.port };
  const mqttListener = cleanup.use(
    await openTlsListener({ what: 'MQTT', address, port: options.mqttPort ?? 0, ...tls }, serveMqtt),
  );
  const mqtt = { port: mqttListener.port };
  const info: DpsInfo = { idScope, hubs, https, mqtt, amqp, caPem: tls.caPem };
  const control = createLocalControl({ enrollments, registry, directory, issuedKeys, log, info: () => info });
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
    hubConnectionStrings: Object.fromEntries(
      hubs.map((hub) => [
        hub,
        `HostName=${hub};SharedAccessKeyName=${HUB_OWNER_POLICY};SharedAccessKey=${hubKey}`,
      ]),
    ),
    control,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** One key for all: who starts an emulator has all rights anyway, and a name still has its own rights only. */
const hubPolicies = (key: Uint8Array): readonly HubPolicy[] =>
  Object.entries(hubPolicyRights).map(([name, rights]) => ({ name, key, rights }));

function hubLogEntry({ refusal, deviceId, ...record }: HubRequestRecord, clock: Clock): LoggedRequest {
  const { errorCode, reason } = refusal ?? {};
  return { ...record, at: serviceTime(clock.nowMs()), registrationId: deviceId, errorCode, reason };
}

/** @throws UsageError */
function readKey(text: string, what: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new UsageError(`the ${what} is not base64`, { cause });
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
