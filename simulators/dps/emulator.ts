import { type Clock, systemClock } from '../kernel/clock.ts';
import { openHttpsListener } from '../server/https-listener.ts';
import { observeRequests, type SeenRequest } from '../server/observe-requests.ts';
import { openTlsListener } from '../server/tls-listener.ts';
import { createWebSocketUpgrade } from '../server/web-socket.ts';
import { openDataDirectory } from '../storage/data-directory.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import { AMQP_SUBPROTOCOL } from '../wire/amqp.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../wire/constants.ts';
import { MQTT_SUBPROTOCOL } from '../wire/mqtt.ts';
import type { LinkedHubs } from './allocation.ts';
import { IssuedKeys } from './attestation/issued-keys.ts';
import { behaviourProfiles, type ProfileName, withBehaviour } from './behaviour.ts';
import { checkHubs, checkWeights, readKey } from './check-options.ts';
import { createCustomAllocation } from './custom-allocation.ts';
import type { DefectName } from './defects.ts';
import type { DpsControl, DpsInfo } from './dps-control.ts';
import { EnrollmentStore } from './enrollment-store.ts';
import { createFaultInjector, withInjectedRefusals } from './fault-injector.ts';
import { createAmqpFrontEnd } from './front-ends/amqp.ts';
import { createHttpsFrontEnd } from './front-ends/https.ts';
import { createMqttFrontEnd } from './front-ends/mqtt.ts';
import { keptKey } from './kept-key.ts';
import { type Latency, latencies } from './latency.ts';
import { createLinkedHubs } from './linked-hubs.ts';
import { createLocalControl } from './local-control.ts';
import { openManagementApi } from './management-api.ts';
import { createQuotas, type QuotaLimits, quotaProfiles } from './quotas.ts';
import { RegistrationRegistry } from './registration-registry.ts';
import { createRegistrationService } from './registration-service.ts';
import { RequestLog } from './request-log.ts';
import { type DpsRules, resolveRules } from './rules.ts';
import { rotatingServerTls, type ServerTls, throwAwayServerTls } from './server-tls.ts';
import { createServiceApi } from './service-api/service-api.ts';
import { OWNER_POLICY_NAME, type ServiceRight, serviceRights } from './service-api/service-policy.ts';
import type { ServiceFault } from './service-fault.ts';

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
  /** Further shared access policies of the service API, each with a new key unless one is given. */
  readonly policies?: readonly PolicyRequest[];
  /** Variants of rules that differ from the defaults; `dps-rig list rules` shows them. */
  readonly rules?: Partial<DpsRules>;
  /** Breaks a rule of the real service on purpose, to see whether a test finds it. */
  readonly defect?: DefectName;
  /** `strict` makes clients meet refusals early, and has the published quotas unless others are given. Default `plain`. */
  readonly profile?: ProfileName;
  /** How long requests and registrations take. Default `zero`. */
  readonly latency?: Latency;
  /** Faults that it is ordered to have. Default: none; they can be changed while it runs. */
  readonly faults?: readonly ServiceFault[];
  /** Of the choices of profile, latency and faults. Default 1. */
  readonly seed?: number;
  /** Told to clients with every 202. Default 1. */
  readonly retryAfterSeconds?: number;
  /** How long a registration stays `assigning`. Default 0: the first status query finds it done. */
  readonly assigningDurationMs?: number;
  /** How long the webhook of a custom allocation may take. Default 5000. */
  readonly webhookTimeoutMs?: number;
  /** Default: no limits. */
  readonly quotas?: QuotaLimits;
  /** How many requests the log keeps, the newest of them. Default 10,000. */
  readonly requestsKept?: number;
  /** Takes the secrets of every TLS connection, a line each, in the format of SSLKEYLOGFILE. */
  readonly onKeyLog?: (line: Buffer) => void;
  /** Takes every HTTPS request, of DPS and of its hubs, with its headers and body: secrets are in them. */
  readonly onRequest?: (request: SeenRequest) => void;
  /** Keeps everything there from one start to the next. Default: in memory, until it is closed. */
  readonly dataDir?: string;
  /** Default: a throw-away CA. */
  readonly tls?: ServerTls;
  /** The certificate of the servers is replaced by one of another root so long after the start; clients are told both. */
  readonly serverRootRotatesAfterSeconds?: number;
  readonly clock?: Clock;
}

/** A shared access policy to begin with. */
export interface PolicyRequest {
  readonly name: string;
  readonly rights: readonly ServiceRight[];
  /** Base64. Default: a new one. */
  readonly key?: string;
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
  /** The same for every further policy, by name. */
  readonly policyConnectionStrings: Readonly<Record<string, string>>;
  readonly rules: DpsRules;
  readonly profile: ProfileName;
  readonly latency: Latency;
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
  const { profile = 'plain', latency = 'zero', seed = 1 } = options;
  const rules = resolveRules(options.rules);
  checkHubs(hubs);
  checkWeights(options.hubWeights ?? {});
  const first = options.tls ?? (await throwAwayServerTls(address, hubs));
  const rotatesAfter = options.serverRootRotatesAfterSeconds;
  const tls = {
    ...(await rotatingServerTls(first, rotatesAfter, { address, hubs })),
    onKeyLog: options.onKeyLog,
  };
  await using cleanup = new AsyncDisposableStack();
  const storage = cleanup.use(
    options.dataDir === undefined ? createMemoryStorage() : openDataDirectory(options.dataDir),
  );
  const enrollments = new EnrollmentStore(clock, storage);
  const registry = cleanup.use(new RegistrationRegistry(clock, storage));
  const issuedKeys = new IssuedKeys(storage);
  const log = new RequestLog(options.requestsKept);
  const authorities = () => enrollments.caCertificates.verifiedAuthorities();
  const linked = createLinkedHubs({ hubs, storage, hubKey: options.hubKey, authorities, log, clock });
  const { directory } = linked;
  const quotas = createQuotas(
    options.quotas ?? (profile === 'strict' ? quotaProfiles.published : {}),
    clock,
    rules,
  );
  const serviceKey = options.serviceKey ?? keptKey(storage, 'service');
  const policies = [
    { name: OWNER_POLICY_NAME, rights: serviceRights, key: serviceKey },
    ...(options.policies ?? []).map((one) => ({
      ...one,
      key: one.key ?? keptKey(storage, `service/${one.name}`),
    })),
  ];
  const serviceApi = createServiceApi({
    policies: policies.map((policy) => ({ ...policy, key: readKey(policy.key, 'service key') })),
    rules,
    clock,
    enrollments,
    registry,
    quotas,
  });
  const closing = new AbortController();
  cleanup.defer(() => closing.abort());
  const allocateCustom = createCustomAllocation({
    timeoutMs: options.webhookTimeoutMs ?? 5000,
    signal: closing.signal,
  });
  const injector = createFaultInjector(seed, options.faults, clock);
  const core = createRegistrationService({
    idScope,
    hubs,
    ...(options.hubWeights === undefined ? {} : { hubWeights: options.hubWeights }),
    ...(options.hubPreference === undefined ? {} : { hubPreference: options.hubPreference }),
    allocateCustom,
    provision: (device) => {
      if (!injector.losesIdentity(device.deviceId)) linked.provision(device);
    },
    orderedOutcome: (id) => injector.outcomeOf(id),
    assigningDurationMs: (id) => assigningDurationMs + latencies[latency].assigningMs(seed, id),
    clock,
    enrollments,
    registry,
    issuedKeys,
    quotas,
    rules,
    defect: options.defect,
  });
  const behaviour = { ...behaviourProfiles[profile], seed };
  const profiled =
    profile === 'plain' ? core : withBehaviour(core, { behaviour, clock, retryAfterSeconds, rules });
  const service = withInjectedRefusals(profiled, injector);

  const dpsFrontEnd = createHttpsFrontEnd({
    ...{ service, serviceApi, log, clock, retryAfterSeconds },
    latencyMs: (what) => latencies[latency].requestMs(seed, what),
    wireFaultsOf: (on, id) => injector.wireFaultsOf(on, id),
  });
  const serveAmqp = linked.routeByHostName(createAmqpFrontEnd({ service, log, clock, retryAfterSeconds }));
  const serveMqtt = linked.routeByUserName(createMqttFrontEnd({ service, log, clock, retryAfterSeconds }));
  const upgrade = createWebSocketUpgrade({
    [AMQP_SUBPROTOCOL.toLowerCase()]: serveAmqp,
    [MQTT_SUBPROTOCOL]: serveMqtt,
  });
  const routed = linked.routeByHost(dpsFrontEnd);
  const { onRequest } = options;
  const listener = cleanup.use(
    await openHttpsListener(
      { address, port: options.httpsPort ?? 0, upgrade, ...tls },
      onRequest === undefined ? routed : observeRequests(routed, () => clock.nowMs(), onRequest),
    ),
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
  const info: DpsInfo = { idScope, hubs, https, mqtt, amqp, caPem: tls.caPem, rules, profile, latency };
  const control = createLocalControl({
    ...{ storage, enrollments, registry, directory, issuedKeys, log, injector },
    info: () => info,
  });
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
    serviceConnectionString: connectionString(listener.address, OWNER_POLICY_NAME, serviceKey),
    policyConnectionStrings: Object.fromEntries(
      policies.slice(1).map(({ name, key }) => [name, connectionString(listener.address, name, key)]),
    ),
    hubConnectionStrings: linked.connectionStrings,
    control,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** An address that stands for all of a machine's is none that a client can dial. */
function connectionString(address: string, name: string, key: string): string {
  const host = ['0.0.0.0', '::'].includes(address) ? 'localhost' : address;
  return `HostName=${host};SharedAccessKeyName=${name};SharedAccessKey=${key}`;
}
