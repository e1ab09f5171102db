import type { TpmTransport } from '../transport.ts';

/** What a decorator may do differently from the transport inside it. */
export type Overrides = Partial<Pick<TpmTransport, 'send' | 'power' | 'setLocality'>> & {
  /** The synchronous form of `send`, made from that of the transport inside. */
  readonly sendSync?: (inner: SendSync) => SendSync;
};

type SendSync = NonNullable<TpmTransport['sendSync']>;

/**
 * A transport that does what `inner` does, except for the overrides.
 *
 * Power, locality and the synchronous form stay absent where `inner` has none; overriding them there has no effect. A
 * decorator that overrides `send` alone takes the synchronous form away, so that nothing gets past it.
 */
export function decorate(inner: TpmTransport, overrides: Overrides): TpmTransport {
  const { power, setLocality } = inner;
  const innerSync = inner.sendSync?.bind(inner);
  const sendSync = overrides.send === undefined ? innerSync : innerSync && overrides.sendSync?.(innerSync);
  return {
    send: overrides.send ?? ((command, signal) => inner.send(command, signal)),
    ...(sendSync === undefined ? {} : { sendSync }),
    ...(power === undefined ? {} : { power: overrides.power ?? power.bind(inner) }),
    ...(setLocality === undefined ? {} : { setLocality: overrides.setLocality ?? setLocality.bind(inner) }),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
