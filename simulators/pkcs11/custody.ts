import { CryptokiError } from '../kernel/errors.ts';
import { CKA, CKK } from './constants.ts';
import type { Handle } from './cryptoki.ts';
import { keyTypeOf } from './token-objects.ts';
import type { TokenSession } from './token-session.ts';

/** What a token says of a key that it holds, and what it does when somebody asks for the key itself. */
export interface KeyCustody {
  readonly sensitive: boolean;
  readonly extractable: boolean;
  readonly alwaysSensitive: boolean;
  readonly neverExtractable: boolean;
  /** Made in the token; false for a key that was brought there. */
  readonly local: boolean;
  /** CKR name with which the token refused to give the key out; null when it did. */
  readonly refusedRead: string | null;
}

/** Asks the token how it keeps a private or secret key, and for the key itself. What comes is not kept. */
export function readCustody({ cryptoki, handle }: TokenSession, key: Handle): KeyCustody {
  const flag = (type: number): boolean => cryptoki.getAttribute(handle, key, type)[0] === 1;
  const secretPart = keyTypeOf(cryptoki, handle, key) === CKK.RSA ? CKA.PRIVATE_EXPONENT : CKA.VALUE;
  return {
    sensitive: flag(CKA.SENSITIVE),
    extractable: flag(CKA.EXTRACTABLE),
    alwaysSensitive: flag(CKA.ALWAYS_SENSITIVE),
    neverExtractable: flag(CKA.NEVER_EXTRACTABLE),
    local: flag(CKA.LOCAL),
    refusedRead: refusal(() => cryptoki.getAttribute(handle, key, secretPart)),
  };
}

function refusal(read: () => Buffer): string | null {
  try {
    read().fill(0);
    return null;
  } catch (error) {
    if (error instanceof CryptokiError) return error.code;
    throw error;
  }
}
