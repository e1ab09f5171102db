import type { TokenFault } from '../faults/device-fault.ts';
import { CryptokiError, InvariantError } from '../kernel/errors.ts';
import { CKU } from '../pkcs11/constants.ts';
import type { Cryptoki } from '../pkcs11/cryptoki.ts';
import { withFaults } from '../pkcs11/decorators/faults.ts';
import { withPinLock } from '../pkcs11/decorators/pin-lock.ts';
import type { DecorateCryptoki, TokenHost } from '../pkcs11/token-host.ts';
import { formatPkcs11Uri, parsePkcs11Uri } from '../pkcs11/uri.ts';

/** The URI of a key as a device with this fault has it in its configuration. */
export const misconfiguredUri = (uri: string, { uri: changes }: TokenFault): string =>
  changes === undefined ? uri : changedUri(uri, changes);

/** Opens tokens as a device with this fault finds them; others that use the same host see nothing of it. */
export function withTokenFault(host: TokenHost, fault: TokenFault): TokenHost {
  const { refuses, wrongPinsBefore = 0 } = fault;
  let locking: Cryptoki | undefined; // one for all sessions: it counts
  const decorate = (cryptoki: Cryptoki): Cryptoki => {
    if (wrongPinsBefore > 0) locking ??= withPinLock(cryptoki, wrongPinsBefore);
    return withFaults(misused(locking ?? cryptoki, fault), refuses === undefined ? [] : [refuses]);
  };
  /** What a caller puts around the module sees the mistakes. */
  const seenBy =
    (outer: DecorateCryptoki | undefined): DecorateCryptoki =>
    (cryptoki) => {
      const mistaken = decorate(cryptoki);
      return outer?.(mistaken) ?? mistaken;
    };
  return {
    openKey: (uri, outer) => {
      for (let tries = 0; tries < wrongPinsBefore; tries += 1) tryWrongPin(host, uri, decorate);
      return host.openKey(uri, seenBy(outer));
    },
    openSession: (uri, outer) => host.openSession(uri, seenBy(outer)),
    get sessions() {
      return host.sessions;
    },
  };
}

/** Calls that the device makes in another way than it should; the module itself answers. */
function misused(cryptoki: Cryptoki, { slot: number, loginAs, initializesAgain }: TokenFault): Cryptoki {
  return {
    ...cryptoki,
    openSession: (slot, flags) => {
      if (initializesAgain === true) cryptoki.initialize();
      return cryptoki.openSession(number === undefined ? slot : slotNumber(number, slot.length), flags);
    },
    login: (session, userType, pin) =>
      cryptoki.login(session, loginAs === 'security-officer' ? CKU.SO : userType, pin),
  };
}

/** CK_SLOT_ID as pkcs11js has it: little-endian, as long as a C long. */
function slotNumber(number: number, length: number): Buffer {
  const slot = Buffer.alloc(length);
  slot.writeUInt32LE(number);
  return slot;
}

const WRONG_PIN = { pinSource: null, pinValue: 'wrong' };

function tryWrongPin(host: TokenHost, uri: string, decorate: (cryptoki: Cryptoki) => Cryptoki): void {
  try {
    host.openKey(changedUri(uri, WRONG_PIN), decorate)[Symbol.dispose]();
  } catch (error) {
    if (error instanceof CryptokiError) return;
    throw error;
  }
  throw new InvariantError('a token took a wrong PIN');
}

function changedUri(uri: string, changes: NonNullable<TokenFault['uri']>): string {
  const changed = Object.entries({ ...parsePkcs11Uri(uri), ...changes });
  return formatPkcs11Uri(Object.fromEntries(changed.filter(([, value]) => value !== null)));
}
