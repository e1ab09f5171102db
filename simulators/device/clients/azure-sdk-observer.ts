import type { Clock } from '../../kernel/clock.ts';
import { type RigError, TransportError, toError } from '../../kernel/errors.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { LastAnswer } from './azure-sdk-http.ts';

type Reply = (error?: Error | null, body?: unknown, ...more: unknown[]) => void;

/** The part of the SDK's transports that its registration clients call. */
interface RequestingTransport {
  registrationRequest(request: unknown, callback: Reply): void;
  queryOperationStatus(request: unknown, operationId: string, callback: Reply): void;
}

export interface RequestObserver {
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  /** Times of requests are counted from there where the connection is made on the way. */
  readonly connectedAtMs: () => number | undefined;
  readonly onAnswer: (error: unknown) => LastAnswer | undefined;
  /** Told of what the SDK throws while it handles an answer: it would end the process. */
  readonly onFailure: (error: RigError) => void;
}

/** Times the requests of one of the SDK's transport objects, which stays as it is otherwise. */
export function observeRequests(
  transport: RequestingTransport,
  { recorder, clock, connectedAtMs, onAnswer, onFailure }: RequestObserver,
): { readonly lastAnswer: () => LastAnswer | undefined } {
  let answeredAtMs: number | undefined;
  let lastAnswer: LastAnswer | undefined;
  const timed = (step: 'register' | 'poll', callback: Reply): Reply => {
    const begunMs = clock.monotonicMs();
    return (error, body, ...more) => {
      lastAnswer = onAnswer(error);
      const outcome = error ? error.message : String((body as { status?: unknown } | undefined)?.status);
      recorder.add(step, step, Math.max(begunMs, connectedAtMs() ?? begunMs), outcome);
      answeredAtMs = clock.monotonicMs();
      contain(() => callback(error, body, ...more), onFailure);
    };
  };
  const register = transport.registrationRequest.bind(transport);
  const query = transport.queryOperationStatus.bind(transport);
  transport.registrationRequest = (request, callback) => register(request, timed('register', callback));
  transport.queryOperationStatus = (request, operationId, callback) => {
    recorder.polls += 1;
    if (answeredAtMs !== undefined) recorder.add('poll-wait', 'poll-wait', answeredAtMs);
    query(request, operationId, timed('poll', callback));
  };
  return { lastAnswer: () => lastAnswer };
}

/** Runs code of the SDK's from an event, where nobody stands above to catch what it throws. */
export function contain(handle: () => void, onFailure: (error: RigError) => void): void {
  try {
    handle();
  } catch (cause) {
    const message = `the official SDK threw while it handled an answer: ${toError(cause).message}`;
    onFailure(new TransportError('process', 'SDK_CRASHED', message, { cause }));
  }
}
