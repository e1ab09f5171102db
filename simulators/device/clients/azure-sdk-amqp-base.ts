import { connect as connectTls, type TLSSocket } from 'node:tls';
import amqpBase from 'azure-iot-amqp-base'; // CommonJS whose names Node cannot see from outside
import type { Clock } from '../../kernel/clock.ts';
import { type DpsServiceError, TransportError } from '../../kernel/errors.ts';
import { amqpServiceError } from '../../transport/amqp-answer.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import type { TlsEndpoint } from '../../transport/tls-connection.ts';
import { AMQP_PORT } from '../../wire/amqp.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { Phase } from '../device-trace.ts';
import { DeviceAgent, type HttpObservers } from './azure-sdk-http.ts';

type BaseConnect = Parameters<InstanceType<typeof amqpBase.Amqp>['connect']>;

/** What our classes around the SDK's share for one connection, to DPS or to a hub. */
export interface ObservedAmqpSetup {
  readonly endpoint: TlsEndpoint & Pick<DpsEndpoint, 'amqpPort'>;
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  /** Where the time for TCP and TLS goes. Default `tcp-tls`. */
  readonly phase?: Phase;
  /** Whether what comes in is settled as it comes. Default true, as the package for DPS has it. */
  readonly autoSettles?: boolean;
  readonly onHandshake: HttpObservers['onHandshake'];
  /**
   * Told of what the SDK does not report: what it throws while it handles an answer, which would end the process, and
   * a refused SASL exchange, on which it waits for ever when it came before the challenge.
   */
  readonly onFailure: (error: DpsServiceError | TransportError) => void;
}

/** Certificate and key of an X.509 device, as the SDK's security client gave them. */
interface ClientIdentity {
  readonly cert?: string;
  readonly key?: string;
}

/** The layer below the transport, which the SDK takes as an argument: everything as there, but for the dialling. */
export class ObservedAmqpBase extends amqpBase.Amqp {
  readonly #setup: ObservedAmqpSetup;
  readonly #agent: DeviceAgent;
  #socket: TLSSocket | undefined;
  #connectedAtMs: number | undefined;
  #isClosed = false;

  constructor(setup: ObservedAmqpSetup) {
    super(setup.autoSettles ?? true);
    this.#setup = setup;
    this.#agent = new DeviceAgent(setup.endpoint, setup);
  }

  get connectedAtMs(): number | undefined {
    return this.#connectedAtMs ?? this.#agent.connectedAtMs;
  }

  override connect(...[config, done]: BaseConnect): void {
    if (this.#isClosed) {
      done(new TransportError('aborted', 'ABORTED', 'the device has closed its connection'));
      return;
    }
    const isWebSocket = config.uri.startsWith('wss:');
    const sslOptions = { ...(config.sslOptions as ClientIdentity | undefined), agent: this.#agent };
    const connect = (_port: unknown, _host: unknown, _options: unknown, connected: () => void): TLSSocket =>
      this.#dial(sslOptions, connected);
    const policyOverride = {
      ...(config.policyOverride as object | undefined),
      ...(isWebSocket ? {} : { connection_details: () => ({ connect }) }),
    };
    super.connect({ ...config, sslOptions, policyOverride }, (error, result: object | undefined) => {
      // After a refused SASL exchange the SDK reports neither an error nor that it is connected.
      if (error === null && result?.constructor.name === 'Disconnected') {
        this.#setup.onFailure(amqpServiceError({ condition: 'amqp:unauthorized-access' }));
      }
      done(error, result);
    });
  }

  /** Ends the connection; what the SDK may still try fails. */
  close(): void {
    this.#isClosed = true;
    this.#agent.close();
    // With an error, as that is what makes rhea stop its timers.
    this.#socket?.destroy(new TransportError('aborted', 'ABORTED', 'the device has closed its connection'));
  }

  #dial({ cert, key }: ClientIdentity, connected: () => void): TLSSocket {
    const { endpoint, recorder, clock, phase = 'tcp-tls', onHandshake } = this.#setup;
    const begunMs = clock.monotonicMs();
    const socket = connectTls({
      host: endpoint.address ?? endpoint.hostName,
      port: endpoint.amqpPort ?? AMQP_PORT,
      servername: endpoint.hostName,
      ...(endpoint.caPem === undefined ? {} : { ca: endpoint.caPem }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    this.#socket = socket;
    socket.once('secureConnect', () => {
      this.#connectedAtMs = clock.monotonicMs();
      recorder.add(phase, 'connect', begunMs);
      onHandshake?.(socket.isSessionReused());
      connected();
    });
    return socket;
  }
}
