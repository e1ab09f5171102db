import { randomBytes, randomInt } from 'node:crypto';
import { type KeyAlgorithm, keyAlgorithms } from '../pki/key-pair.ts';
import { CKF, CKU } from './constants.ts';
import type { Cryptoki } from './cryptoki.ts';
import { generateKeyPair, readPublicKey } from './token-objects.ts';

/** What a token leaves the factory with: a key pair made in it, or nothing yet. */
export type TokenContent = KeyAlgorithm | 'empty';
export const tokenContents = [...keyAlgorithms, 'empty'] as const satisfies readonly TokenContent[];

/** Name and id of the one key of a device; the name is what IoT Edge calls it. */
export const deviceKeyName = { label: 'device-id', id: Uint8Array.of(1) } as const;

export interface TokenRequest {
  /** At most 32 bytes. */
  readonly label: string;
  readonly content: TokenContent;
  readonly pin: string;
}

export interface ProvisionedToken {
  readonly serial: string;
  /** DER of the SubjectPublicKeyInfo, of tokens with a key pair. */
  readonly publicKey: Uint8Array | undefined;
}

/**
 * Initialises the module's next free token, gives it a PIN, and makes its key. The SO PIN is random and not kept.
 *
 * @throws CryptokiError
 * @see PKCS #11 v2.40 §5.5 C_InitToken
 */
export function provisionToken(cryptoki: Cryptoki, { label, content, pin }: TokenRequest): ProvisionedToken {
  const slot = cryptoki.getSlotList(true).at(-1) ?? Buffer.alloc(8);
  const soPin = randomBytes(16).toString('hex');
  cryptoki.initToken(slot, soPin, label);
  const handle = cryptoki.openSession(slot, CKF.RW_SESSION);
  try {
    cryptoki.login(handle, CKU.SO, soPin);
    cryptoki.initPin(handle, pin);
    cryptoki.logout(handle);
    cryptoki.login(handle, CKU.USER, pin);
    const { serial } = cryptoki.getTokenInfo(slot);
    if (content === 'empty') return { serial, publicKey: undefined };
    const session = { cryptoki, handle, close: () => undefined };
    generateKeyPair(session, content, deviceKeyName);
    const publicKey = readPublicKey(session, deviceKeyName);
    return { serial, publicKey: publicKey.export({ type: 'spki', format: 'der' }) };
  } finally {
    cryptoki.closeSession(handle);
  }
}

/** Eight digits: what the keypads of real tokens can take. */
export const newPin = (): string => String(randomInt(100_000_000)).padStart(8, '0');
