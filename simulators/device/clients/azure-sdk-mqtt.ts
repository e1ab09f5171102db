import type { EventEmitter } from 'node:events';
import { TLSSocket } from 'node:tls';
import mqttBase from 'azure-iot-mqtt-base'; // CommonJS whose names Node cannot see from outside
import provisioning from 'azure-iot-provisioning-device-mqtt';
import type { Clock } from '../../kernel/clock.ts';
import { type RigError, TransportError } from '../../kernel/errors.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import { returnCodes } from '../../wire/mqtt.ts';
import { standardPorts } from '../../wire/transports.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import { DeviceAgent, type HttpObservers, type LastAnswer } from './azure-sdk-http.ts';
import { contain, observeRequests } from './azure-sdk-observer.ts';

type MqttBase = InstanceType<typeof mqttBase.MqttBase>;
type BaseConnect = Parameters<MqttBase['connect']>;

/** What our classes around the SDK's share for one registration. */
interface SdkMqttSetup {
  readonly endpoint: DpsEndpoint;
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  readonly onHandshake: HttpObservers['onHandshake'];
  readonly onFailure: (error: RigError) => void;
}

/** The SDK's MQTT transport, as in its package, on a connection that we open and watch. */
export function createSdkMqtt(kind: 'mqtt' | 'mqtt-ws', setup: SdkMqttSetup) {
  const base = new ObservedBase(kind, setup);
  const Transport = kind === 'mqtt' ? provisioning.Mqtt : provisioning.MqttWs;
  // The transport's package has a copy of the base package of its own: the same class, declared twice.
  const transport = new Transport(base as unknown as ConstructorParameters<typeof Transport>[0]);
  transport.on('error', () => undefined); // told by every callback too; without a listener it would be thrown
  const { recorder, clock, onFailure } = setup;
  const observer = observeRequests(transport, {
    recorder,
    clock,
    onFailure,
    onAnswer: answerOf,
    connectedAtMs: () => base.connectedAtMs,
  });
  return {
    transport,
    get connected() {
      return base.connectedAtMs !== undefined;
    },
    get lastAnswer() {
      return observer.lastAnswer();
    },
    close: () => base.close(),
  };
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
class ObservedBase extends mqttBase.MqttBase {
  readonly #agent: DeviceAgent;
  readonly #setup: SdkMqttSetup;
  readonly #clients: MqttClient[] = [];
  #connectedAtMs: number | undefined;
  #isClosed = false;

  constructor(kind: 'mqtt' | 'mqtt-ws', setup: SdkMqttSetup) {
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

  override connect(...[config, done]: BaseConnect): void {
    // The SDK's poll timer outlives the attempt.
    if (this.#isClosed)
      done(new TransportError('aborted', 'ABORTED', 'the device has closed its connection'));
    else super.connect(config, done);
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
    const { endpoint, recorder, clock, onHandshake } = this.#setup;
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
      recorder.add('tcp-tls', 'connect', begunMs);
      if (client.stream instanceof TLSSocket) onHandshake?.(client.stream.isSessionReused());
    });
    return this.#keep(client);
  }

  #keep(client: MqttClient): MqttClient {
    this.#clients.push(client);
    return client;
  }
}

/** A refusal by topic or by CONNACK, in the terms of HTTPS. */
function answerOf(error: unknown): LastAnswer | undefined {
  const { code, response } = (error ?? {}) as {
    code?: unknown;
    response?: { topic?: unknown; payload?: unknown };
  };
  const [, status] = /\/res\/(\d+)\//.exec(String(response?.topic)) ?? [];
  if (status !== undefined) {
    return { status: Number(status), body: JSON.stringify(response?.payload), retryAfter: undefined };
  }
  if (typeof code !== 'number' || code === returnCodes.accepted) return undefined;
  const refused = code === returnCodes.serverUnavailable ? 503 : 401;
  return {
    status: refused,
    body: JSON.stringify({ message: `refused with CONNACK return code ${code}` }),
    retryAfter: undefined,
  };
}
