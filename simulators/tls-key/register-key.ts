import { createPublicKey, type KeyObject } from 'node:crypto';
import { TlsKeyError } from './errors.ts';
import { loadTlsKeys } from './native.ts';
import type { SignatureHash, SignRequest } from './sign-request.ts';

export interface TlsKeyOptions {
  /** EC (P-256 and other named curves) or RSA; PEM, or a KeyObject of type `public`. */
  readonly publicKey: KeyObject | string;
  /**
   * Makes one signature with the private key, wherever that is. The handshake stands still until it returns, and so
   * does the thread: give whatever waits in it a deadline. What it throws fails that handshake only.
   */
  readonly sign: (request: SignRequest) => Uint8Array;
}

/** A key that TLS can use by reference. */
export interface RegisteredKey extends Disposable {
  /** For the `key` option of tls, https and everything above them, on the thread that registered it. No secret. */
  readonly pem: string;
  /** Signatures that were asked for, and how many of them came. */
  readonly requested: number;
  readonly signed: number;
  /** What the last failed signature failed with; TLS reports no more than its message. */
  readonly lastError: unknown;
  /** Lets go of `sign`. Contexts made with the key stay valid, their handshakes fail. */
  dispose(): void;
}

/**
 * Makes a private key that is elsewhere (token, TPM) usable for TLS: gives a PEM that refers to it.
 *
 * @throws TlsKeyError `TLS_KEY_UNAVAILABLE` when the addon was not built, `TLS_KEY_UNSUPPORTED` for a key that is
 *   neither EC nor RSA
 */
export function registerKey({ publicKey, sign }: TlsKeyOptions): RegisteredKey {
  const addon = loadTlsKeys();
  const key = typeof publicKey === 'string' ? createPublicKey(publicKey) : publicKey;
  const type = key.asymmetricKeyType;
  if (key.type !== 'public' || (type !== 'ec' && type !== 'rsa')) {
    throw new TlsKeyError(
      'TLS_KEY_UNSUPPORTED',
      `node-tls-key: no ${type ?? 'secret'} keys, only public EC and RSA keys`,
    );
  }
  let requested = 0;
  let signed = 0;
  let lastError: unknown;
  const pem = addon.register(
    key.export({ type: 'spki', format: 'der' }),
    (kind, hash, digest, mgf1Hash, saltLength) => {
      requested += 1;
      try {
        const signature = sign(toRequest(kind, hash, digest, mgf1Hash, saltLength));
        signed += 1;
        return signature;
      } catch (error) {
        lastError = error;
        throw error;
      }
    },
  );
  const dispose = (): void => {
    addon.unregister(pem);
  };
  return {
    pem,
    get requested() {
      return requested;
    },
    get signed() {
      return signed;
    },
    get lastError() {
      return lastError;
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function toRequest(
  kind: SignRequest['kind'],
  hash: string,
  digest: Uint8Array,
  mgf1Hash: string,
  saltLength: number,
): SignRequest {
  // The addon refuses every other hash before it calls.
  const common = { hash: hash as SignatureHash, digest };
  return kind === 'rsa-pss'
    ? { kind, ...common, mgf1Hash: mgf1Hash as SignatureHash, saltLength }
    : { kind, ...common };
}
