import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { EnvironmentError, toError } from '../../simulators/kernel/errors.ts';
import {
  type Answered,
  type Asked,
  answerSchemas,
  decodeMessage,
  encodeMessage,
  type Question,
  questionSchemas,
} from './messages.ts';
import type { NatsLink } from './nats-link.ts';

/** Asks the coordinator, again and again until it answers. */
export type Ask = <Q extends Question>(question: Q, said: Asked<Q>) => Promise<Answered<Q>>;

export type Answers = { readonly [Q in Question]: (said: Asked<Q>) => Promise<Answered<Q>> };

const TIMEOUT_MS = 5_000;
/** Not a time: a worker that was stopped for a while has still asked once only. */
const ATTEMPTS = 30;
const BETWEEN_MS = 1_000;

const envelope = z.union([z.strictObject({ answer: z.unknown() }), z.strictObject({ failed: z.string() })]);

/** All runs of a server have one subject for each question: there is one run at a time. */
const subjectOf = (question: Question): string => `dps-rig.${question}`;

/** @throws EnvironmentError (of what it returns) when there is no coordinator, or it says that it failed */
export function askerOver(link: NatsLink, signal: AbortSignal): Ask {
  return async (question, said) => {
    const data = await encodeMessage(said);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await link.request(subjectOf(question), data, TIMEOUT_MS);
      if (typeof answer !== 'string') return opened(question, answer);
      if (answer === 'nobody') await pause(BETWEEN_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
    }
    throw new EnvironmentError('coordinator', `does not answer (${question})`, {
      hint: 'It has ended, or cannot be reached: look at what `dps-rig run --nats` says.',
    });
  };
}

/** Asks once, for a program that does not know whether there is a coordinator. */
export async function askOnce<Q extends Question>(
  link: NatsLink,
  question: Q,
  said: Asked<Q>,
): Promise<Answered<Q> | undefined> {
  const answer = await link.request(subjectOf(question), await encodeMessage(said), TIMEOUT_MS);
  return typeof answer === 'string' ? undefined : opened(question, answer);
}

/** Answers every question until the link is closed. What goes wrong is told to whoever asked. */
export function serveAnswers(link: NatsLink, answers: Answers): void {
  for (const question of Object.keys(answers) as Question[]) serve(link, question, answers);
}

function serve<Q extends Question>(link: NatsLink, question: Q, answers: Answers): void {
  link.serve(subjectOf(question), async (data) => {
    try {
      const said = questionSchemas[question].parse(await decodeMessage(data)) as Asked<Q>;
      return await encodeMessage({ answer: await answers[question](said) });
    } catch (error) {
      return encodeMessage({ failed: toError(error).message });
    }
  });
}

async function opened<Q extends Question>(question: Q, data: Uint8Array): Promise<Answered<Q>> {
  const message = envelope.parse(await decodeMessage(data));
  if ('failed' in message)
    throw new EnvironmentError('coordinator', `failed (${question}): ${message.failed}`);
  return answerSchemas[question].parse(message.answer) as Answered<Q>;
}
