import { type Clock, systemClock } from '../kernel/clock.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { openHttpsListener } from '../server/https-listener.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../wire/constants.ts';
import { IssuedKeys } from './attestation/tpm.ts';
import type { DpsControl } from './dps-control.ts';
import { EnrollmentStore } from './enrollment-store.ts';
import { createHttpsFrontEnd } from './front-ends/https.ts';
import { createLocalControl } from './local-control.ts';
import { openManagementApi } from './management-api.ts';
import { RegistrationRegistry } from './registration-registry.ts';
import { RegistrationService } from './registration-service.ts';
import { RequestLog } from './request-log.ts';

/** What the server presents; `caPem` is what clients must trust. */
export interface ServerTls {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  readonly caPem: string;
}

export interface DpsOptions {
  /** Default 127.0.0.1: the emulator stays on loopback unless told otherwise. */
  readonly address?: string;
  /** 0, the default, picks a free port. */
  readonly httpsPort?: number;
  readonly managementPort?: number;
  readonly idScope?: string;
  /** Linked hubs; names need a dot, some SDKs split at the first one. */
  readonly hubs?: readonly string[];
  /** Told to clients with every 202. Default 1. */
  readonly retryAfterSeconds?: number;
  /** How long a registration stays `assigning`. Default 0. */
  readonly assigningDurationMs?: number;
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
  readonly caPem: string;
  readonly control: DpsControl;
}

export const DEFAULT_ID_SCOPE = '0ne00D95819';
const defaultHubs = ['hub-1.azure-devices.net', 'hub-2.azure-devices.net'];

/** Names in the server certificate: what unmodified clients dial. */
const serverNames = [
  GLOBAL_DEVICE_ENDPOINT,
  '*.azure-devices-provisioning.net',
  '*.azure-devices.net',
  'localhost',
];

/**
 * Starts a Device Provisioning Service that verifies.
 *
 * @throws EnvironmentError when a port cannot be bound
 */
export async function startDps(options: DpsOptions = {}): Promise<RunningDps> {
  const {
    address = '127.0.0.1',
    clock = systemClock,
    idScope = DEFAULT_ID_SCOPE,
    hubs = defaultHubs,
  } = options;
  const { retryAfterSeconds = 1, assigningDurationMs = 0 } = options;
  const tls = options.tls ?? (await throwAwayTls(address));
  const enrollments = new EnrollmentStore();
  const registry = new RegistrationRegistry(clock);
  const issuedKeys = new IssuedKeys();
  const log = new RequestLog();
  const service = new RegistrationService({
    idScope,
    hubs,
    assigningDurationMs,
    clock,
    enrollments,
    registry,
    issuedKeys,
  });
  const control = createLocalControl({ enrollments, registry, issuedKeys, log });

  await using cleanup = new AsyncDisposableStack();
  const listener = cleanup.use(
    await openHttpsListener(
      { address, port: options.httpsPort ?? 0, ...tls },
      createHttpsFrontEnd({ service, log, clock, retryAfterSeconds }),
    ),
  );
  const management = cleanup.use(
    await openManagementApi({
      port: options.managementPort ?? 0,
      control,
      info: { idScope, hubs, caPem: tls.caPem },
    }),
  );
  const resources = cleanup.move();
  return {
    idScope,
    hubs,
    https: { address: listener.address, port: listener.port, hostName: GLOBAL_DEVICE_ENDPOINT },
    management: { url: management.url },
    caPem: tls.caPem,
    control,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function throwAwayTls(address: string): Promise<ServerTls> {
  const pki = await createTestPki();
  const addresses = [...new Set(['127.0.0.1', address])];
  const { chainPem, privateKeyPem } = await pki.issueServerCertificate({ names: serverNames, addresses });
  return { certificateChainPem: chainPem, privateKeyPem, caPem: pki.bundle.rootPem };
}
