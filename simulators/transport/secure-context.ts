import { createSecureContext, type SecureContext } from 'node:tls';
import type { DpsEndpoint } from './provisioning-transport.ts';

/** Key and certificate of a TLS client, PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/**
 * What a device's TLS connections are made from. Devices without a certificate share one context per endpoint,
 * which holds nothing but the trusted roots: parsing those costs about 0.2 ms each time, and much more for the
 * system's roots. Sessions are not in it, so nothing is resumed.
 */
export function secureContextFor(endpoint: DpsEndpoint, identity: TlsIdentity | undefined): SecureContext {
  const roots = endpoint.caPem === undefined ? {} : { ca: endpoint.caPem };
  if (identity !== undefined) return createSecureContext({ ...roots, ...identity });
  let context = anonymousContexts.get(endpoint);
  if (context === undefined) {
    context = createSecureContext(roots);
    anonymousContexts.set(endpoint, context);
  }
  return context;
}

const anonymousContexts = new WeakMap<DpsEndpoint, SecureContext>();
