import { CryptokiError } from '../../kernel/errors.ts';
import { returnValueOf } from '../constants.ts';
import type { CallName, Cryptoki } from '../cryptoki.ts';
import { decorate } from './decorate.ts';

/** A call that the token refuses without doing it. */
export interface CallFault {
  readonly call: CallName;
  /** Which calls of that name, counted from 0. Default: from the first on. */
  readonly from?: number;
  /** How many of them. Default: all that follow. */
  readonly count?: number;
  /** e.g. `CKR_DEVICE_ERROR`. */
  readonly returnName: string;
}

/**
 * A module that refuses where the plan says so. Refuse C_SignInit rather than C_Sign: a module whose C_Sign was not
 * called still waits for it.
 */
export function withFaults(inner: Cryptoki, faults: readonly CallFault[]): Cryptoki {
  const seen = new Map<CallName, number>();
  return decorate(inner, (call, proceed) => {
    const ordinal = seen.get(call) ?? 0;
    seen.set(call, ordinal + 1);
    const fault = faults.find(
      ({ call: refused, from = 0, count = Number.POSITIVE_INFINITY }) =>
        refused === call && ordinal >= from && ordinal < from + count,
    );
    if (fault === undefined) return proceed();
    throw new CryptokiError(fault.returnName, call, returnValueOf(fault.returnName));
  });
}
