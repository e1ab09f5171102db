import { serializeError } from '../kernel/errors.ts';
import { CKA, CKO, tokenFlagNames } from './constants.ts';
import { loadCryptoki } from './cryptoki.ts';
import { createTokenHost } from './token-host.ts';
import { readSlots } from './token-session.ts';
import { parsePkcs11Uri } from './uri.ts';

/** What a PKCS #11 module shows when something went wrong with a token of it. */
export type TokenCondition =
  | {
      readonly kind: 'answers';
      /** Slots with a token that was set up. */
      readonly tokens: number;
      /** Of a few of them. */
      readonly labels: readonly string[];
      /** The token that the URI names. */
      readonly found: FoundToken | null;
      /** It has the label of the URI, and not its serial. */
      readonly otherSerial: string | null;
      /** Labels of a few of its keys; only when they were asked for and the PIN was taken. */
      readonly keys?: readonly string[];
    }
  | { readonly kind: 'silent'; readonly code: string };

export interface FoundToken {
  readonly label: string;
  readonly serial: string;
  /** As the module numbers it now. */
  readonly slot: number;
  /** CKF_... */
  readonly flags: readonly string[];
}

const FEW = 5;

/**
 * Looks at the tokens of a module without changing them.
 *
 * @param options.listsKeys logs in with the PIN of the URI; only where the token has taken it already, as it counts wrong ones
 */
export function readTokenCondition(
  text: string,
  { listsKeys }: { readonly listsKeys: boolean },
): TokenCondition {
  try {
    const { token: label, serial, modulePath = '' } = parsePkcs11Uri(text);
    const slots = readSlots(loadCryptoki(modulePath)).filter(({ token }) =>
      tokenFlagNames(token.flags).includes('CKF_TOKEN_INITIALIZED'),
    );
    const named = slots.filter(({ token }) => label === undefined || token.label === label);
    const found = named.find(({ token }) => serial === undefined || token.serial === serial);
    return {
      kind: 'answers',
      tokens: slots.length,
      labels: slots.slice(0, FEW).map(({ token }) => token.label),
      found:
        found === undefined
          ? null
          : {
              label: found.token.label,
              serial: found.token.serial,
              slot: found.slot.readUInt32LE(),
              flags: tokenFlagNames(found.token.flags),
            },
      otherSerial: found === undefined ? (named[0]?.token.serial ?? null) : null,
      ...(listsKeys && found !== undefined ? { keys: keysOf(text) } : {}),
    };
  } catch (thrown) {
    return { kind: 'silent', code: serializeError(thrown).code };
  }
}

function keysOf(text: string): readonly string[] {
  const session = createTokenHost().openSession(text);
  try {
    return [CKO.PRIVATE_KEY, CKO.SECRET_KEY].flatMap((objectClass) =>
      session.cryptoki
        .findObjects(session.handle, [{ type: CKA.CLASS, value: objectClass }], FEW)
        .map((key) => session.cryptoki.getAttribute(session.handle, key, CKA.LABEL).toString('utf8')),
    );
  } finally {
    session.close();
  }
}
