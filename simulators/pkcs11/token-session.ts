import { CryptokiError } from '../kernel/errors.ts';
import { CKF, CKR, CKU, returnName } from './constants.ts';
import { type Cryptoki, type Handle, isReturn, type TokenInfo } from './cryptoki.ts';

/** A token by what is written on it; never by its slot, whose number changes. */
export interface TokenAddress {
  readonly label?: string | undefined;
  readonly serial?: string | undefined;
}

/** A session with one token, logged in as its user. For one thread. */
export interface TokenSession {
  readonly cryptoki: Cryptoki;
  readonly handle: Handle;
  close(): void;
}

export interface OpenSessionOptions {
  readonly slots: SlotDirectory;
  readonly address: TokenAddress;
  readonly pin: string;
  /** Needed to make objects that stay. */
  readonly readWrite?: boolean;
  /** The module as this session's user sees it, with its recorder and faults. Default: that of `slots`. */
  readonly cryptoki?: Cryptoki;
}

/**
 * Opens a session with a token and logs in. Login is a state of the token in the whole process: that another thread
 * has logged in already is as good.
 *
 * @throws CryptokiError e.g. `CKR_TOKEN_NOT_PRESENT`, `CKR_PIN_INCORRECT`, `CKR_SESSION_COUNT`
 */
export function openTokenSession(options: OpenSessionOptions): TokenSession {
  const { slots, address, pin, readWrite = false, cryptoki = slots.cryptoki } = options;
  const slot = slots.find(address, cryptoki);
  const handle = cryptoki.openSession(slot, readWrite ? CKF.RW_SESSION : 0);
  try {
    login(cryptoki, handle, pin);
  } catch (error) {
    slots.cryptoki.closeSession(handle);
    throw error;
  }
  return { cryptoki, handle, close: () => slots.cryptoki.closeSession(handle) };
}

function login(cryptoki: Cryptoki, session: Handle, pin: string): void {
  try {
    cryptoki.login(session, CKU.USER, pin);
  } catch (error) {
    if (!isReturn(error, CKR.USER_ALREADY_LOGGED_IN)) throw error;
  }
}

/** Knows in which slot of a module which token is. Reading it costs about 50 µs a token: once, not for each. */
export class SlotDirectory {
  readonly cryptoki: Cryptoki;
  #slots: readonly { readonly slot: Handle; readonly token: TokenInfo }[] | undefined;

  constructor(cryptoki: Cryptoki) {
    this.cryptoki = cryptoki;
  }

  /**
   * The slot that the token is in now: where it was, if it still is there; else the module is asked again.
   *
   * @param cryptoki asked whether the token is there
   * @throws CryptokiError `CKR_TOKEN_NOT_PRESENT` when no slot has it
   */
  find(address: TokenAddress, cryptoki = this.cryptoki): Handle {
    const known = this.#slots?.find(({ token }) => matches(token, address));
    if (known !== undefined && matches(cryptoki.getTokenInfo(known.slot), address)) return known.slot;
    this.#slots = readSlots(this.cryptoki);
    const found = this.#slots.find(({ token }) => matches(token, address));
    if (found !== undefined && matches(cryptoki.getTokenInfo(found.slot), address)) return found.slot;
    throw new CryptokiError(returnName(CKR.TOKEN_NOT_PRESENT), 'C_GetSlotList', CKR.TOKEN_NOT_PRESENT, {
      hint: `No slot has the token ${address.label ?? address.serial ?? '(no label)'}.`,
    });
  }
}

/** Every slot with a token that answers. */
export function readSlots(
  cryptoki: Cryptoki,
): readonly { readonly slot: Handle; readonly token: TokenInfo }[] {
  return cryptoki.getSlotList(true).flatMap((slot) => {
    try {
      return [{ slot, token: cryptoki.getTokenInfo(slot) }];
    } catch (error) {
      // A token that was pulled out must not hide the others.
      if (error instanceof CryptokiError) return [];
      throw error;
    }
  });
}

const matches = (token: TokenInfo, { label, serial }: TokenAddress): boolean =>
  (label !== undefined || serial !== undefined) &&
  (label === undefined || token.label === label) &&
  (serial === undefined || token.serial === serial);
