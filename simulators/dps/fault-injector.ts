import { type Clock, systemClock } from '../kernel/clock.ts';
import { seededRandom } from '../kernel/random.ts';
import type { Outcome } from './operation-outcome.ts';
import { type Refusal, refusals } from './refusal.ts';
import { idKey } from './registration-id.ts';
import type { RegistrationService } from './registration-service.ts';
import type { ServiceFault } from './service-fault.ts';

/** What happens to an answer on its way. */
export type WireFault = Extract<ServiceFault, { kind: 'reset' | 'silence' | 'delay' | 'retry-after' }>;
type RefusalFault = Extract<ServiceFault, { kind: 'throttle' | 'unavailable' | 'refuse' }>;
type OutcomeFault = Extract<ServiceFault, { kind: 'fail' }>;
type Request = NonNullable<ServiceFault['on']>;

/**
 * Has the faults that it is ordered to have. Whom they meet is a function of seed, fault, registrationId and attempt: it
 * does not depend on how many devices come at the same time; only a window of time, where one is given, does.
 */
export interface FaultInjector {
  readonly faults: readonly ServiceFault[];
  /** In place of those before; devices are counted anew. */
  order(faults: readonly ServiceFault[]): void;
  /** Counts a request where its answer is decided. */
  refusalOf(on: Request, registrationId: string): Refusal | undefined;
  /** Counts a request where its answer is sent. */
  wireFaultsOf(on: Request, registrationId: string): readonly WireFault[];
  /** Whether the identity that a registration makes in a hub is gone at once. */
  losesIdentity(registrationId: string): boolean;
  /** What a registration is to end as, and how long it stays assigning before. */
  outcomeOf(registrationId: string): { readonly outcome: Outcome; readonly assigningMs: number } | undefined;
}

/** More devices than this are not remembered: the oldest may meet its faults again. */
const REMEMBERED = 200_000;

export function createFaultInjector(
  seed: number,
  first: readonly ServiceFault[] = [],
  clock: Pick<Clock, 'monotonicMs'> = systemClock,
): FaultInjector {
  let orderedMs = clock.monotonicMs();
  let rules: readonly Rule[] = [];
  let attempts = new Map<string, number>();
  const order = (faults: readonly ServiceFault[]): void => {
    rules = faults.map((fault, index) => ({ fault, label: `${index} ${fault.kind}`, meets: matcher(fault) }));
    attempts = new Map();
    orderedMs = clock.monotonicMs();
  };
  order(first);

  const strikes = <F extends ServiceFault>(
    isOfKind: (fault: ServiceFault) => fault is F,
    on: Request,
    registrationId: string,
  ): F[] => {
    const concerned = rules.filter(({ fault }) => isOfKind(fault) && (fault.on ?? 'register') === on);
    if (concerned.length === 0) return [];
    const id = idKey(registrationId);
    const elapsedSeconds = (clock.monotonicMs() - orderedMs) / 1000;
    const attempt = countUp(attempts, `${isOfKind.name} ${on} ${id}`);
    return concerned.flatMap(({ fault, label, meets }) =>
      isOfKind(fault) &&
      isTime(fault, elapsedSeconds) &&
      meets(id, attempt) &&
      isDrawn(fault, [seed, label, id, attempt])
        ? [fault]
        : [],
    );
  };
  return {
    get faults() {
      return rules.map(({ fault }) => fault);
    },
    order,
    refusalOf: (on, id) => {
      const [fault] = strikes(isRefusal, on, id);
      return fault === undefined ? undefined : toRefusal(fault);
    },
    wireFaultsOf: (on, id) => strikes(isOnTheWire, on, id),
    losesIdentity: (id) => strikes(isLoss, 'register', id).length > 0,
    outcomeOf: (id) => {
      const [fault] = strikes(isOutcome, 'register', id);
      if (fault === undefined) return undefined;
      const { errorCode, message, assigningMs } = fault;
      return { outcome: { status: 'failed', errorCode, errorMessage: message }, assigningMs };
    },
  };
}

/** The service as its clients find it while the injector has faults. */
export function withInjectedRefusals(
  service: RegistrationService,
  injector: FaultInjector,
): RegistrationService {
  return {
    authenticate: (request, body) => service.authenticate(request, body),
    lookUp: (request, body) => service.lookUp(request, body),
    register: (request, body) => {
      const refusal = injector.refusalOf('register', request.registrationId);
      return refusal === undefined ? service.register(request, body) : { kind: 'refused', refusal };
    },
    queryOperation: (request, operationId) => {
      const refusal = injector.refusalOf('poll', request.registrationId);
      return refusal === undefined
        ? service.queryOperation(request, operationId)
        : { kind: 'refused', refusal };
    },
  };
}

interface Rule {
  readonly fault: ServiceFault;
  /** Two faults of one kind draw on their own. */
  readonly label: string;
  readonly meets: (id: string, attempt: number) => boolean;
}

function matcher({ devices = '*', fromAttempt = 1, attempts }: ServiceFault): Rule['meets'] {
  const patterns = [devices].flat();
  const names = new Set(patterns.filter((pattern) => !pattern.includes('*')).map(idKey));
  const globs = patterns.filter((pattern) => pattern.includes('*')).map(toPattern);
  const last = attempts === undefined ? Number.POSITIVE_INFINITY : fromAttempt + attempts - 1;
  return (id, attempt) =>
    attempt >= fromAttempt && attempt <= last && (names.has(id) || globs.some((glob) => glob.test(id)));
}

const isTime = ({ fromSeconds = 0, forSeconds = Infinity }: ServiceFault, elapsed: number): boolean =>
  elapsed >= fromSeconds && elapsed < fromSeconds + forSeconds;

const toPattern = (glob: string): RegExp =>
  new RegExp(
    `^${idKey(glob)
      .split('*')
      .map((part) => RegExp.escape(part))
      .join('.*')}$`,
  );

const isDrawn = (
  { probability = 1 }: ServiceFault,
  [seed, ...what]: readonly [number, string, string, number],
): boolean => probability >= 1 || seededRandom(seed, 'fault', ...what).next() < probability;

const isRefusal = (fault: ServiceFault): fault is RefusalFault =>
  fault.kind === 'throttle' || fault.kind === 'unavailable' || fault.kind === 'refuse';

const isOutcome = (fault: ServiceFault): fault is OutcomeFault => fault.kind === 'fail';

const isLoss = (fault: ServiceFault): fault is Extract<ServiceFault, { kind: 'identity-lost' }> =>
  fault.kind === 'identity-lost';

const isOnTheWire = (fault: ServiceFault): fault is WireFault =>
  fault.kind === 'reset' ||
  fault.kind === 'silence' ||
  fault.kind === 'delay' ||
  fault.kind === 'retry-after';

function toRefusal(fault: RefusalFault): Refusal {
  switch (fault.kind) {
    case 'throttle':
      return {
        ...refusals.throttled('injected'),
        ...(fault.retryAfter === undefined ? {} : { retryAfterSeconds: fault.retryAfter }),
      };
    case 'unavailable':
      return refusals.unavailable('injected');
    case 'refuse': {
      const { errorCode, message } = fault;
      return { status: Math.floor(errorCode / 1000), errorCode, message, reason: 'injected' };
    }
  }
}

function countUp(attempts: Map<string, number>, what: string): number {
  const attempt = (attempts.get(what) ?? 0) + 1;
  attempts.set(what, attempt);
  const [oldest] = attempts.keys();
  if (attempts.size > REMEMBERED && oldest !== undefined) attempts.delete(oldest);
  return attempt;
}
