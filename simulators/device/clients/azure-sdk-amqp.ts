import { connect as connectTls, type TLSSocket } from 'node:tls';
import amqpBase from 'azure-iot-amqp-base'; // CommonJS whose names Node cannot see from outside
import provisioning from 'azure-iot-provisioning-device-amqp';
import type { Clock } from '../../kernel/clock.ts';
import { type DpsServiceError, TransportError, toError } from '../../kernel/errors.ts';
import { amqpServiceError } from '../../transport/amqp-answer.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import { AMQP_PORT } from '../../wire/amqp.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import { DeviceAgent, type LastAnswer } from './azure-sdk-http.ts';

type BaseConnect = Parameters<InstanceType<typeof amqpBase.Amqp>['connect']>;
type Transport = InstanceType<typeof provisioning.Amqp>;
type Reply = Parameters<Transport['registrationRequest']>[1];

/** What our classes around the SDK's share for one registration. */
export interface SdkAmqpSetup {
  readonly endpoint: DpsEndpoint;
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  /**
   * Told of what the SDK does not report: what it throws while it handles an answer, which would end the process, and
   * a refused SASL exchange, on which it waits for ever when it came before the challenge.
   */
  readonly onFailure: (error: DpsServiceError | TransportError) => void;
}

/** The SDK's AMQP transport, as in its package, on a connection that we open and watch. */
export interface SdkAmqp {
  readonly transport: Transport;
  readonly connected: boolean;
  readonly lastAnswer: LastAnswer | undefined;
  close(): void;
}

export function createSdkAmqp(kind: 'amqp' | 'amqp-ws', setup: SdkAmqpSetup): SdkAmqp {
  const base = new ObservedBase(setup);
  const Observed = observed(kind === 'amqp' ? provisioning.Amqp : provisioning.AmqpWs);
  const transport = new Observed(base, setup);
  transport.on('error', () => undefined); // told by every callback too; without a listener it would be thrown
  return {
    transport,
    get connected() {
      return base.connectedAtMs !== undefined;
    },
    get lastAnswer() {
      return transport.lastAnswer;
    },
    close: () => base.close(),
  };
}

/** Certificate and key of an X.509 device, as the SDK's security client gave them. */
interface ClientIdentity {
  readonly cert?: string;
  readonly key?: string;
}

/** The layer below the transport, which the SDK takes as an argument: everything as there, but for the dialling. */
class ObservedBase extends amqpBase.Amqp {
  readonly #setup: SdkAmqpSetup;
  readonly #agent: DeviceAgent;
  #socket: TLSSocket | undefined;
  #connectedAtMs: number | undefined;
  #isClosed = false;

  constructor(setup: SdkAmqpSetup) {
    super(true);
    this.#setup = setup;
    this.#agent = new DeviceAgent(setup.endpoint, setup.recorder, setup.clock);
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
    const { endpoint, recorder, clock } = this.#setup;
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
      recorder.add('tcp-tls', 'connect', begunMs);
      connected();
    });
    return socket;
  }
}

/** Times the requests of one of the SDK's transports and keeps what was answered. */
const observed = (Base: typeof provisioning.Amqp) =>
  class extends Base {
    readonly #base: ObservedBase;
    readonly #setup: SdkAmqpSetup;
    #answeredAtMs: number | undefined;
    lastAnswer: LastAnswer | undefined;

    constructor(base: ObservedBase, setup: SdkAmqpSetup) {
      // The transport's package has a copy of the base package of its own: the same class, declared twice.
      super(base as unknown as ConstructorParameters<typeof provisioning.Amqp>[0]);
      this.#base = base;
      this.#setup = setup;
    }

    override registrationRequest(...[request, callback]: Parameters<Transport['registrationRequest']>): void {
      super.registrationRequest(request, this.#timed('register', callback));
    }

    override queryOperationStatus(
      ...[request, operationId, callback]: Parameters<Transport['queryOperationStatus']>
    ): void {
      const { recorder } = this.#setup;
      recorder.polls += 1;
      if (this.#answeredAtMs !== undefined) recorder.add('poll-wait', 'poll-wait', this.#answeredAtMs);
      super.queryOperationStatus(request, operationId, this.#timed('poll', callback));
    }

    #timed(step: 'register' | 'poll', callback: Reply): Reply {
      const { recorder, clock, onFailure } = this.#setup;
      const begunMs = clock.monotonicMs();
      return (...answer) => {
        const error: unknown = answer[0];
        const body: unknown = answer[1];
        this.lastAnswer = answerOf(error);
        const connectedAtMs = this.#base.connectedAtMs ?? begunMs;
        const outcome = error ? toError(error).message : String(asRecord(body)['status']);
        recorder.add(step, step, Math.max(begunMs, connectedAtMs), outcome);
        this.#answeredAtMs = clock.monotonicMs();
        try {
          callback(...answer);
        } catch (cause) {
          const message = `the official SDK threw while it handled an answer: ${toError(cause).message}`;
          onFailure(new TransportError('process', 'SDK_CRASHED', message, { cause }));
        }
      };
    }
  };

/** A rejected message, in the terms of HTTPS. */
function answerOf(error: unknown): LastAnswer | undefined {
  const { condition, description } = asRecord(error);
  if (typeof condition !== 'string') return undefined;
  const { status, retryAfterSeconds } = amqpServiceError(error);
  return {
    status,
    body: typeof description === 'string' ? description : '',
    retryAfter: retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds),
  };
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
