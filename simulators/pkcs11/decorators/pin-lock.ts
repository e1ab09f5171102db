import { CryptokiError } from '../../kernel/errors.ts';
import { CKR, returnName } from '../constants.ts';
import { type Cryptoki, isReturn } from '../cryptoki.ts';
import { decorate } from './decorate.ts';

const USER_PIN_COUNT_LOW = 0x10000;
const USER_PIN_FINAL_TRY = 0x20000;
const USER_PIN_LOCKED = 0x40000;

/**
 * A token that locks its user PIN after so many wrong ones in a row, as hardware does and SoftHSM never does. Keep
 * one for each token: the count is in it.
 *
 * @see PKCS #11 v2.40 §5.6 C_Login
 */
export function withPinLock(inner: Cryptoki, tries: number): Cryptoki {
  let wrong = 0;
  const counting = decorate(inner, (call, proceed) => {
    if (call !== 'C_Login') return proceed();
    if (wrong >= tries) throw new CryptokiError(returnName(CKR.PIN_LOCKED), call, CKR.PIN_LOCKED);
    try {
      const value = proceed();
      wrong = 0;
      return value;
    } catch (error) {
      if (isReturn(error, CKR.PIN_INCORRECT)) wrong += 1;
      throw error;
    }
  });
  return {
    ...counting,
    getTokenInfo: (slot) => {
      const info = counting.getTokenInfo(slot);
      return { ...info, flags: info.flags | pinFlags(wrong, tries) };
    },
  };
}

function pinFlags(wrong: number, tries: number): number {
  if (wrong === 0) return 0;
  if (wrong >= tries) return USER_PIN_COUNT_LOW | USER_PIN_LOCKED;
  return wrong === tries - 1 ? USER_PIN_COUNT_LOW | USER_PIN_FINAL_TRY : USER_PIN_COUNT_LOW;
}
