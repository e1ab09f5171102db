import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { TlsEndpoint } from './tls-connection.ts';

/** Key and certificate of a TLS client, PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** Called for every handshake that was completed, on whatever transport. */
  readonly onHandshake?: (resumed: boolean) => void;
}

/**
 * What a device's TLS connections are made from. Devices without a certificate share one context per endpoint,
 * which holds nothing but the trusted roots: parsing those costs about 0.2 ms each time, and much more for the
 * system's roots. Sessions are not in it, so nothing is resumed.
 */
export function secureContextFor(endpoint: TlsEndpoint, identity: TlsIdentity | undefined): SecureContext {
  const roots = endpoint.caPem === undefined ? {} : { ca: endpoint.caPem };
  if (identity !== undefined) {
    const { cert, key, onHandshake } = identity;
    const own = createSecureContext({ ...roots, cert, key });
    if (onHandshake !== undefined) observers.set(own, onHandshake);
    return own;
  }
  let context = anonymousContexts.get(endpoint);
  if (context === undefined) {
    context = createSecureContext(roots);
    anonymousContexts.set(endpoint, context);
  }
  return context;
}

/** Tells the device whose context it is that a handshake was completed with it. */
export const reportHandshake = (context: SecureContext, socket: TLSSocket): void =>
  observers.get(context)?.(socket.isSessionReused());

const observers = new WeakMap<SecureContext, (resumed: boolean) => void>();

const anonymousContexts = new WeakMap<TlsEndpoint, SecureContext>();
