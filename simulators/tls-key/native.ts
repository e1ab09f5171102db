import { createRequire } from 'node:module';
import { TlsKeyError } from './errors.ts';

/** What the addon itself offers (src/addon.c). */
export interface NativeAddon {
  /**
   * @param publicKey SubjectPublicKeyInfo, DER
   * @returns PEM
   */
  register(publicKey: Uint8Array, sign: NativeSign): string;
  /** Forgets a key; handshakes that still hold it fail. True when it was there. */
  unregister(pem: string): boolean;
  /** Keys that are registered now, in all threads. */
  count(): number;
}

/** Called by the handshake, on the thread that registered the key. */
export type NativeSign = (
  kind: 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss',
  hash: string,
  digest: Uint8Array,
  mgf1Hash: string,
  saltLength: number,
) => Uint8Array;

let loaded: NativeAddon | undefined;

/**
 * Loads the addon, which adds its provider to the OpenSSL of this process; later calls give the same.
 *
 * @throws TlsKeyError `TLS_KEY_UNAVAILABLE` when it was not built, or does not work in this Node
 */
export function loadTlsKeys(): NativeAddon {
  if (loaded !== undefined) return loaded;
  try {
    const require = createRequire(import.meta.url);
    loaded = require('./build/Release/node_tls_key.node') as NativeAddon;
    return loaded;
  } catch (cause) {
    throw new TlsKeyError('TLS_KEY_UNAVAILABLE', 'node-tls-key: the native addon cannot be loaded', {
      hint: 'Build it: npm rebuild node-tls-key (needs a C compiler, make and python3).',
      cause,
    });
  }
}

/** Why keys outside of this process cannot be used for TLS here; undefined when they can. */
export function tlsKeysUnavailable(): TlsKeyError | undefined {
  try {
    loadTlsKeys();
    return undefined;
  } catch (error) {
    if (error instanceof TlsKeyError) return error;
    throw error;
  }
}

/**
 * Loads the addon and says how it works here, for `dps-rig doctor`.
 *
 * @throws TlsKeyError as {@link loadTlsKeys}
 */
export function probeTlsKeys(): string {
  loadTlsKeys();
  return `a provider in the OpenSSL ${process.versions.openssl} of this Node`;
}
