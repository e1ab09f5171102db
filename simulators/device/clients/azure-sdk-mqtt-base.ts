import type { EventEmitter } from 'node:events';
import { TLSSocket } from 'node:tls';
import mqttBase from 'azure-iot-mqtt-base'; // CommonJS whose names Node cannot see from outside
import type { Clock } from '../../kernel/clock.ts';
import { type RigError, TransportError } from '../../kernel/errors.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import type { TlsEndpoint } from '../../transport/tls-connection.ts';
import { standardPorts } from '../../wire/transports.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { Phase } from '../device-trace.ts';
import { DeviceAgent, type HttpObservers } from './azure-sdk-http.ts';
import { contain } from './azure-sdk-observer.ts';

type MqttBase = InstanceType<typeof mqttBase.MqttBase>;
type BaseConnect = Parameters<MqttBase['connect']>;

/** What our classes around the SDK's share for one connection, to DPS or to a hub. */
export interface ObservedBaseSetup {
  readonly endpoint: TlsEndpoint & Pick<DpsEndpoint, 'mqttPort'>;
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  /** Where the time for TCP and TLS goes. Default `tcp-tls`. */
  readonly phase?: Phase;
  readonly onHandshake: HttpObservers['onHandshake'];
  readonly onFailure: (error: RigError) => void;
}

/** What the SDK has of the package `mqtt`. */
interface MqttProvider {
  connect(uri: string, options: Readonly<Record<string, unknown>>): MqttClient;
}
interface MqttClient {
  readonly stream: EventEmitter;
  end(force: boolean): void;
}

/** The layer below the transport, which the SDK takes as an argument: everything as there, but for the dialling. */
export class ObservedBase extends mqttBase.MqttBase {
  readonly #agent: DeviceAgent;
  readonly #setup: ObservedBaseSetup;
  readonly #clients: MqttClient[] = [];
  #connectedAtMs: number | undefined;
  #connectFailure: unknown;
  #isClosed = false;

  constructor(kind: 'mqtt' | 'mqtt-ws', setup: ObservedBaseSetup) {
    // Its own, as it would have it without an argument.
    const real = (new mqttBase.MqttBase() as unknown as { readonly mqttProvider: MqttProvider }).mqttProvider;
    const provider: MqttProvider = {
      connect: (uri, options) => this.#dial(kind, (more) => real.connect(uri, { ...options, ...more })),
    };
    super(provider);
    this.#setup = setup;
    this.#agent = new DeviceAgent(setup.endpoint, setup);
  }

  get connectedAtMs(): number | undefined {
    return this.#connectedAtMs ?? this.#agent.connectedAtMs;
  }

  /** As it came from below, before the SDK translated it: the code of CONNACK stands in it. */
  get connectFailure(): unknown {
    return this.#connectFailure;
  }

  override connect(...[config, done]: BaseConnect): void {
    // The SDK's poll timer outlives the attempt.
    if (this.#isClosed)
      done(new TransportError('aborted', 'ABORTED', 'the device has closed its connection'));
    else {
      super.connect(config, (error, ...more) => {
        this.#connectFailure = error ?? undefined;
        done(error, ...more);
      });
    }
  }

  override emit(event: string, ...values: unknown[]): boolean {
    let heard = false;
    const hear = (): void => {
      heard = super.emit(event, ...values);
    };
    if (event === 'message') contain(hear, this.#setup.onFailure);
    else hear();
    return heard;
  }

  close(): void {
    this.#isClosed = true;
    this.#agent.close();
    for (const client of this.#clients) client.end(true);
  }

  #dial(
    kind: 'mqtt' | 'mqtt-ws',
    connect: (options: Readonly<Record<string, unknown>>) => MqttClient,
  ): MqttClient {
    const { endpoint, recorder, clock, phase = 'tcp-tls', onHandshake } = this.#setup;
    if (kind === 'mqtt-ws') return this.#keep(connect({ wsOptions: { agent: this.#agent } }));
    const begunMs = clock.monotonicMs();
    const { address, hostName, caPem, mqttPort = standardPorts.mqtt } = endpoint;
    const client = connect({
      hostname: address ?? hostName, // wins over `host`, which the URI gives
      port: mqttPort,
      servername: hostName,
      ...(caPem === undefined ? {} : { ca: caPem }),
    });
    client.stream.once('secureConnect', () => {
      this.#connectedAtMs = clock.monotonicMs();
      recorder.add(phase, 'connect', begunMs);
      if (client.stream instanceof TLSSocket) onHandshake?.(client.stream.isSessionReused());
    });
    return this.#keep(client);
  }

  #keep(client: MqttClient): MqttClient {
    this.#clients.push(client);
    return client;
  }
}
