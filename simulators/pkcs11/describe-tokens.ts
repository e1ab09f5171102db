import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CKA, CKK, CKO, tokenFlagNames } from './constants.ts';
import { type Cryptoki, type Handle, loadCryptoki } from './cryptoki.ts';
import { type KeyCustody, readCustody } from './custody.ts';
import { type SoftHsmInstance, softHsmIn, startSoftHsm } from './softhsm.ts';
import { createTokenHost } from './token-host.ts';
import { keyTypeOf } from './token-objects.ts';
import { readSlots, type TokenSession } from './token-session.ts';
import { formatPkcs11Uri } from './uri.ts';

/** One token, for a person who is to configure something with it. */
export interface TokenDescription {
  readonly modulePath: string;
  /** SOFTHSM2_CONF, where the token is in a store of ours. */
  readonly configuration: string | undefined;
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  /** CKF_... */
  readonly flags: readonly string[];
  readonly pinFile: string | undefined;
}

/** A key of a token that was opened with its PIN. */
export interface KeyDescription {
  readonly label: string;
  /** Hex. */
  readonly id: string;
  readonly algorithm: 'EC' | 'RSA' | 'HMAC' | 'other';
  /** Without PIN or module. */
  readonly uri: string;
  readonly custody: KeyCustody;
}

/**
 * Tokens of a module, or of all SoftHSMs in a directory that {@link openTokenStore} has laid out.
 *
 * @throws EnvironmentError when a module cannot be used
 */
export function describeTokens(
  where: { readonly modulePath: string } | { readonly directory: string },
): readonly TokenDescription[] {
  if ('modulePath' in where) return tokensOf(loadCryptoki(where.modulePath), where.modulePath, undefined);
  return shardsIn(where.directory).flatMap((home) => {
    const softHsm = softHsmIn(home);
    return tokensOf(startSoftHsm(softHsm), softHsm.modulePath, { softHsm, pins: join(home, 'pins') });
  });
}

/** Opens the token with its PIN and looks at its private and secret keys. @throws CryptokiError */
export function describeKeys(
  { modulePath, label, serial, pinFile }: TokenDescription,
  pin?: string,
): readonly KeyDescription[] {
  const access = pin === undefined ? pinSourceOf(pinFile) : { pinValue: pin };
  const session = createTokenHost().openSession(
    formatPkcs11Uri({ token: label, serial, modulePath, ...access }),
  );
  try {
    return [CKO.PRIVATE_KEY, CKO.SECRET_KEY].flatMap((objectClass) =>
      session.cryptoki
        .findObjects(session.handle, [{ type: CKA.CLASS, value: objectClass }], MOST_KEYS)
        .map((key) => describeKey(session, key, label, objectClass === CKO.SECRET_KEY)),
    );
  } finally {
    session.close();
  }
}

const MOST_KEYS = 1_000;

function describeKey(session: TokenSession, key: Handle, token: string, isSecret: boolean): KeyDescription {
  const { cryptoki, handle } = session;
  const label = cryptoki.getAttribute(handle, key, CKA.LABEL).toString('utf8');
  const id = cryptoki.getAttribute(handle, key, CKA.ID);
  const type = isSecret ? 'secret-key' : 'private';
  return {
    label,
    id: id.toString('hex'),
    algorithm: algorithms.get(keyTypeOf(cryptoki, handle, key)) ?? 'other',
    uri: formatPkcs11Uri({ token, object: label, id, type }),
    custody: readCustody(session, key),
  };
}

const algorithms = new Map<number, KeyDescription['algorithm']>([
  [CKK.EC, 'EC'],
  [CKK.RSA, 'RSA'],
  [CKK.GENERIC_SECRET, 'HMAC'],
]);

const pinSourceOf = (pinFile: string | undefined): { pinSource?: string } =>
  pinFile === undefined ? {} : { pinSource: pathToFileURL(pinFile).href };

const shardsIn = (directory: string): readonly string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('shard-'))
    .toSorted()
    .map((name) => join(directory, name));

function tokensOf(
  cryptoki: Cryptoki,
  modulePath: string,
  store: { readonly softHsm: SoftHsmInstance; readonly pins: string } | undefined,
): readonly TokenDescription[] {
  return readSlots(cryptoki)
    .filter(({ token }) => tokenFlagNames(token.flags).includes('CKF_TOKEN_INITIALIZED'))
    .map(({ token: { flags, ...token } }) => {
      const pinFile = store === undefined ? undefined : join(store.pins, `${token.label}.pin`);
      return {
        ...token,
        modulePath,
        configuration: store?.softHsm.configuration,
        flags: tokenFlagNames(flags),
        pinFile: pinFile !== undefined && existsSync(pinFile) ? pinFile : undefined,
      };
    })
    .toSorted((a, b) => (a.label < b.label ? -1 : 1));
}
