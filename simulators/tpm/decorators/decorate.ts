import type { TpmTransport } from '../transport.ts';

/** What a decorator may do differently from the transport inside it. */
export type Overrides = Partial<Pick<TpmTransport, 'send' | 'power' | 'setLocality'>>;

/**
 * A transport that does what `inner` does, except for the overrides.
 *
 * Power and locality stay absent where `inner` has none; overriding them there has no effect.
 */
export function decorate(inner: TpmTransport, overrides: Overrides): TpmTransport {
  const { power, setLocality } = inner;
  return {
    send: overrides.send ?? ((command, signal) => inner.send(command, signal)),
    ...(power === undefined ? {} : { power: overrides.power ?? power.bind(inner) }),
    ...(setLocality === undefined ? {} : { setLocality: overrides.setLocality ?? setLocality.bind(inner) }),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
