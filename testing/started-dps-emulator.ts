import type {
  DpsControl,
  DpsInfo,
  Enrollment,
  LoggedRequest,
  RegistrationRecord,
} from '../simulators/index.ts';
import { trustHere } from './trust-here.ts';

/** Where a client of one protocol connects; the server's certificate is for `host`. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** e.g. `mqtts://localhost:41883`, or `wss://localhost:40443/$iothub/websocket`. */
  readonly url: string;
}

/** DPS and its hubs, which are told apart by the names that clients give. */
export type Endpoints = Readonly<Record<'https' | 'mqtt' | 'mqttws' | 'amqp' | 'amqpws', Endpoint>>;

/**
 * A Device Provisioning Service that runs, in this process or in a container. Its calls throw `DpsServiceError` where the
 * emulator refuses, and with a container also `TransportError`.
 */
export interface StartedDpsEmulator extends AsyncDisposable {
  readonly idScope: string;
  /** Host names of the linked hubs. */
  readonly hubs: readonly string[];
  readonly endpoints: Endpoints;
  /** The root that clients have to trust, PEM; also for `ca` of an SDK's transport options. */
  readonly caPem: string;
  /** For `azure-iot-provisioning-service`. It has no port: see "Service API" in docs/emulator.md. */
  readonly serviceConnectionString: string;
  /** Has every TLS client of this thread trust the emulator as well, until it is disposed of. Needs Node 24.5. */
  trust(): Disposable;
  /** Creates or replaces enrollments, in the JSON of the service API: all of them or, with an error, none. */
  enroll(...enrollments: readonly Enrollment[]): Promise<void>;
  /** What became of each device. */
  registrations(): Promise<readonly RegistrationRecord[]>;
  /** Requests as received, newest last, each refusal with its reason; no secrets. The last 10,000. */
  requests(): Promise<readonly LoggedRequest[]>;
  /** Forgets enrollments, registrations, identities in hubs and requests. */
  reset(): Promise<void>;
  /** All else: hubs and what devices sent to them, CA certificates, export and import. */
  readonly control: DpsControl;
  /** As `await using` does at the end of its block. */
  stop(): Promise<void>;
}

/** What each place to run in has to know. */
export interface StartedParts {
  readonly info: DpsInfo;
  readonly control: DpsControl;
  readonly host: string;
  /** As clients see them. */
  readonly ports: Readonly<Record<'https' | 'mqtt' | 'amqp', number>>;
  readonly serviceConnectionString: string;
  readonly stop: () => Promise<void>;
}

/** The one interface, over a control that is local or remote. */
export function startedDpsEmulator(parts: StartedParts): StartedDpsEmulator {
  const { info, control, host, ports, serviceConnectionString, stop } = parts;
  const endpoint = (scheme: string, port: number, path = ''): Endpoint => ({
    ...{ host, port, url: `${scheme}://${host}:${port}${path}` },
  });
  return {
    idScope: info.idScope,
    hubs: info.hubs,
    endpoints: {
      https: endpoint('https', ports.https),
      mqtt: endpoint('mqtts', ports.mqtt),
      mqttws: endpoint('wss', ports.https, WEB_SOCKET_PATH),
      amqp: endpoint('amqps', ports.amqp),
      amqpws: endpoint('wss', ports.https, WEB_SOCKET_PATH),
    },
    caPem: info.caPem,
    serviceConnectionString,
    trust: () => trustHere(info.caPem),
    enroll: (...enrollments) => control.enroll(enrollments),
    registrations: () => control.registrations(),
    requests: () => control.requests(),
    reset: () => control.reset(),
    control,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** What the SDKs ask for; the emulator takes others as well. */
const WEB_SOCKET_PATH = '/$iothub/websocket';
