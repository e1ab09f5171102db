import { type CallName, type Cryptoki, callNames } from '../cryptoki.ts';

/**
 * Does something around every call of a module.
 *
 * @param call name as in the standard, e.g. `C_Sign`
 * @param proceed does the call; what is returned instead of its result must be of its type
 */
export type AroundCall = (call: CallName, proceed: () => unknown) => unknown;

/** A module whose calls all go through `around`. */
export function decorate(inner: Cryptoki, around: AroundCall): Cryptoki {
  const wrapped = Object.entries(callNames).map(([name, call]) => {
    const method = inner[name as keyof Cryptoki] as (...parameters: unknown[]) => unknown;
    return [name, (...parameters: unknown[]) => around(call, () => method(...parameters))] as const;
  });
  return Object.fromEntries(wrapped) as unknown as Cryptoki;
}
