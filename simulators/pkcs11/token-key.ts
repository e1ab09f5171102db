import type { KeyObject } from 'node:crypto';
import { CryptokiError } from '../kernel/errors.ts';
import type { SignRequest } from '../tls-key/index.ts';
import { CKO } from './constants.ts';
import type { Handle } from './cryptoki.ts';
import { type KeyCustody, readCustody } from './custody.ts';
import { signDigest } from './sign-digest.ts';
import { findObject, hmacSha256, type ObjectAddress, readPublicKey } from './token-objects.ts';
import type { TokenSession } from './token-session.ts';

/** A private or secret key of a token, opened for one thread. Signing is synchronous, as PKCS#11 is. */
export interface TokenKey extends Disposable {
  /** Signatures that came. */
  readonly signatures: number;
  /** What the last failed operation failed with: TLS does not pass it on. */
  readonly lastError: CryptokiError | undefined;
  /** Of a pair. @throws CryptokiError */
  publicKey(): KeyObject;
  /** With a private key. @throws CryptokiError */
  signDigest(request: SignRequest): Uint8Array;
  /** HMAC-SHA256 with a secret key. @throws CryptokiError */
  hmac(data: Uint8Array): Uint8Array;
  custody(): KeyCustody;
}

/** The key that is meant, and how its session is opened, again when an operation failed. */
export interface TokenKeySource {
  readonly object: ObjectAddress;
  readonly kind: 'private' | 'secret';
  openSession(): TokenSession;
}

/** @throws CryptokiError when the token, its PIN or the key is not what it should be */
export function openTokenKey(source: TokenKeySource): TokenKey {
  const key = new OpenTokenKey(source);
  key.publicKeyOrSecret();
  return key;
}

class OpenTokenKey implements TokenKey {
  readonly #source: TokenKeySource;
  #opened: { readonly session: TokenSession; readonly key: Handle } | undefined;
  #signatures = 0;
  #lastError: CryptokiError | undefined;

  constructor(source: TokenKeySource) {
    this.#source = source;
  }

  get signatures(): number {
    return this.#signatures;
  }

  get lastError(): CryptokiError | undefined {
    return this.#lastError;
  }

  /** Fails now rather than in the middle of a handshake. */
  publicKeyOrSecret(): void {
    this.#use(() => undefined);
  }

  publicKey(): KeyObject {
    return this.#use((session) => readPublicKey(session, this.#source.object));
  }

  signDigest(request: SignRequest): Uint8Array {
    return this.#sign((session, key) => signDigest(session, key, request));
  }

  hmac(data: Uint8Array): Uint8Array {
    return this.#sign((session, key) => hmacSha256(session, key, data));
  }

  custody(): KeyCustody {
    return this.#use((session, key) => readCustody(session, key));
  }

  [Symbol.dispose](): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.session.close();
  }

  #sign(operation: (session: TokenSession, key: Handle) => Uint8Array): Uint8Array {
    const signature = this.#use(operation);
    this.#signatures += 1;
    return signature;
  }

  /** A failed operation may still be active in its session, so the session goes with it. */
  #use<T>(operation: (session: TokenSession, key: Handle) => T): T {
    try {
      this.#opened ??= this.#open();
      return operation(this.#opened.session, this.#opened.key);
    } catch (error) {
      if (error instanceof CryptokiError) this.#lastError = error;
      this.#giveUpSession();
      throw error;
    }
  }

  #open(): { readonly session: TokenSession; readonly key: Handle } {
    const { object, kind } = this.#source;
    const session = this.#source.openSession();
    try {
      const key = findObject(session, kind === 'private' ? CKO.PRIVATE_KEY : CKO.SECRET_KEY, object);
      return { session, key };
    } catch (error) {
      session.close();
      throw error;
    }
  }

  #giveUpSession(): void {
    try {
      this[Symbol.dispose]();
    } catch (error) {
      // The token is gone, and its session with it: what failed first is what matters.
      if (!(error instanceof CryptokiError)) throw error;
    }
  }
}
