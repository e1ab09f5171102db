import type { Clock } from '../kernel/clock.ts';
import { seededRandom } from '../kernel/random.ts';
import { type Refusal, refusals } from './refusal.ts';
import { idKey } from './registration-id.ts';
import type { RegistrationService } from './registration-service.ts';
import type { DpsRules } from './rules.ts';

/** What an emulator does beyond the rules, to order; every choice is a function of seed and registrationId. */
export interface Behaviour {
  /** Share of devices whose first register request is answered with 429 and Retry-After. */
  readonly throttledOnce: number;
  /** Share of devices whose first register request is answered with 503. */
  readonly unavailableOnce: number;
  /** Share of devices whose first status query is answered with 503: the operation goes on. */
  readonly pollUnavailableOnce: number;
  /** Whether who comes before its Retry-After is over gets 429. */
  readonly earlyIsRefused: boolean;
  readonly seed: number;
}

/** Behaviour by name; `plain` is none. */
export const behaviourProfiles = {
  plain: { throttledOnce: 0, unavailableOnce: 0, pollUnavailableOnce: 0, earlyIsRefused: false },
  strict: { throttledOnce: 0.1, unavailableOnce: 0.05, pollUnavailableOnce: 0.05, earlyIsRefused: true },
} as const satisfies Readonly<Record<string, Omit<Behaviour, 'seed'>>>;

export type ProfileName = keyof typeof behaviourProfiles;

/** More devices than this are not remembered: the oldest may meet its refusal again. */
const REMEMBERED = 200_000;
/** Timers fire a little early. */
const TIMER_SLACK_MS = 10;

interface BehaviourParts {
  readonly behaviour: Behaviour;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
  readonly rules: DpsRules;
}

/** The service, met by clients on a bad day: each of them is refused what the behaviour says, once, and then served. */
export function withBehaviour(service: RegistrationService, parts: BehaviourParts): RegistrationService {
  const { behaviour, clock, retryAfterSeconds } = parts;
  const { throttledOnce, unavailableOnce, pollUnavailableOnce, earlyIsRefused } = behaviour;
  const sendsRetryAfter = parts.rules['throttled-retry-after'] === 'sent';
  const isFirst = createFirstTimes();
  const waits = new Map<string, number>();

  const strikes = (what: string, id: string, share: number): boolean =>
    share > 0 && seededRandom(behaviour.seed, what, id).next() < share && isFirst(`${what} ${id}`);
  const wait = (id: string): void => {
    if (earlyIsRefused) remember(waits, id, clock.monotonicMs() + retryAfterSeconds * 1000);
  };
  const throttled = (reason: string, seconds: number) =>
    refuse({ ...refusals.throttled(reason), ...(sendsRetryAfter ? { retryAfterSeconds: seconds } : {}) });
  const early = (id: string): ReturnType<typeof refuse> | undefined => {
    const leftMs = (waits.get(id) ?? 0) - clock.monotonicMs();
    if (leftMs <= TIMER_SLACK_MS) return undefined;
    const reason = `came ${Math.ceil(leftMs)} ms before its Retry-After was over`;
    return throttled(reason, Math.ceil(leftMs / 1000));
  };

  return {
    authenticate: (request, body) => service.authenticate(request, body),
    register: (request, body) => {
      const id = idKey(request.registrationId);
      // A TPM's second request follows its challenge at once: only a refusal makes register wait.
      const refusedEarly = early(id);
      if (refusedEarly !== undefined) return refusedEarly;
      if (strikes('throttled', id, throttledOnce)) {
        wait(id);
        return throttled('profile: the first register is 429', retryAfterSeconds);
      }
      if (strikes('unavailable', id, unavailableOnce)) {
        return refuse(refusals.unavailable('profile: the first register is 503'));
      }
      const answer = service.register(request, body);
      if (answer.kind === 'accepted') wait(id);
      return answer;
    },
    queryOperation: (request, operationId) => {
      const id = idKey(request.registrationId);
      const refusedEarly = early(id);
      if (refusedEarly !== undefined) return refusedEarly;
      if (strikes('poll', id, pollUnavailableOnce)) {
        return refuse(refusals.unavailable('profile: the first status query is 503'));
      }
      const answer = service.queryOperation(request, operationId);
      if (answer.kind === 'running') wait(id);
      else waits.delete(id);
      return answer;
    },
    lookUp: (request, body) => service.lookUp(request, body),
  };
}

const refuse = (refusal: Refusal) => ({ kind: 'refused' as const, refusal });

/** Whether something is seen for the first time. */
function createFirstTimes(): (what: string) => boolean {
  const seen = new Map<string, number>();
  return (what) => {
    if (seen.has(what)) return false;
    remember(seen, what, 0);
    return true;
  };
}

/** Registration ids come from anybody: what is kept of them is bounded. */
function remember(map: Map<string, number>, id: string, value: number): void {
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest);
}
