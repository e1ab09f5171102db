import provisioning from 'azure-iot-provisioning-device-amqp'; // CommonJS whose names Node cannot see from outside
import { TransportError, toError } from '../../kernel/errors.ts';
import { amqpServiceError } from '../../transport/amqp-answer.ts';
import { ObservedAmqpBase, type ObservedAmqpSetup } from './azure-sdk-amqp-base.ts';
import type { LastAnswer } from './azure-sdk-http.ts';

type Transport = InstanceType<typeof provisioning.Amqp>;
type Reply = Parameters<Transport['registrationRequest']>[1];

/** The SDK's AMQP transport, as in its package, on a connection that we open and watch. */
export interface SdkAmqp {
  readonly transport: Transport;
  readonly connected: boolean;
  readonly lastAnswer: LastAnswer | undefined;
  close(): void;
}

export function createSdkAmqp(kind: 'amqp' | 'amqp-ws', setup: ObservedAmqpSetup): SdkAmqp {
  const base = new ObservedAmqpBase(setup);
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

/** Times the requests of one of the SDK's transports and keeps what was answered. */
const observed = (Base: typeof provisioning.Amqp) =>
  class extends Base {
    readonly #base: ObservedAmqpBase;
    readonly #setup: ObservedAmqpSetup;
    #answeredAtMs: number | undefined;
    lastAnswer: LastAnswer | undefined;

    constructor(base: ObservedAmqpBase, setup: ObservedAmqpSetup) {
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
