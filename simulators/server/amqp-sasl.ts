/** What a mechanism does with what the client sent: ask on, or decide. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Uint8Array }
  | { readonly kind: 'decided'; readonly authenticated: boolean };

/** One authentication of one connection. The first call gets the client's initial response. AMQP 1.0 §5.3 */
export interface SaslExchange {
  next(response: Buffer): SaslStep;
}

/** Mechanisms by name, in the order in which they are offered. */
export type SaslMechanisms = Readonly<Record<string, () => SaslExchange>>;

/** What rhea's SASL server calls: it sends what these return as challenge, unless there is an outcome. */
interface RheaMechanism {
  outcome: boolean | undefined;
  readonly username: undefined;
  start(response: unknown): Buffer | undefined;
  step(response: unknown): Buffer | undefined;
}

/**
 * Mechanisms in the form of rhea's `sasl_server_mechanisms`.
 *
 * @param onDecided is told right before rhea sends the outcome
 */
export function rheaMechanisms(
  mechanisms: SaslMechanisms,
  onDecided: (authenticated: boolean) => void,
): Record<string, () => RheaMechanism> {
  const adapt = (create: () => SaslExchange) => (): RheaMechanism => {
    const exchange = create();
    const advance = (response: unknown): Buffer | undefined => {
      const step = exchange.next(Buffer.isBuffer(response) ? response : Buffer.alloc(0));
      if (step.kind === 'challenge') return Buffer.from(step.bytes);
      mechanism.outcome = step.authenticated;
      onDecided(step.authenticated);
      return undefined;
    };
    const mechanism: RheaMechanism = {
      outcome: undefined,
      username: undefined,
      start: advance,
      step: advance,
    };
    return mechanism;
  };
  return Object.fromEntries(Object.entries(mechanisms).map(([name, create]) => [name, adapt(create)]));
}

/**
 * PLAIN: authorization id (passed over), user name, password, separated by zero bytes.
 *
 * @param verify whether this user has this password
 * @see RFC 4616
 */
export const plainMechanism =
  (verify: (userName: string, password: string) => boolean): (() => SaslExchange) =>
  () => ({
    next: (response) => {
      const [, userName, password, ...rest] = response.toString('utf8').split('\0');
      const isComplete = userName !== undefined && password !== undefined && rest.length === 0;
      return { kind: 'decided', authenticated: isComplete && verify(userName, password) };
    },
  });
