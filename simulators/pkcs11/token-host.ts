import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EnvironmentError, TransportError } from '../kernel/errors.ts';
import { type Cryptoki, loadCryptoki } from './cryptoki.ts';
import { openTokenKey, type TokenKey } from './token-key.ts';
import { openTokenSession, SlotDirectory, type TokenSession } from './token-session.ts';
import { type Pkcs11Uri, parsePkcs11Uri } from './uri.ts';

/** Puts a recorder, faults or latency around the module as one device sees it. */
export type DecorateCryptoki = (cryptoki: Cryptoki) => Cryptoki;

/** Opens the tokens of the devices of one thread. A token belongs to one thread at a time. */
export interface TokenHost {
  /**
   * Opens a key by its URI, which must have `module-path` and `pin-source` or `pin-value`.
   *
   * @throws CryptokiError e.g. `CKR_PIN_INCORRECT`, `CKR_TOKEN_NOT_PRESENT`
   * @throws TransportError `PIN_UNREADABLE`
   * @throws EnvironmentError when the module cannot be used
   */
  openKey(uri: string, decorate?: DecorateCryptoki): TokenKey;
  /** A session for making objects. */
  openSession(uri: string, decorate?: DecorateCryptoki): TokenSession;
  /** Sessions that this host has opened, and those that are open now. */
  readonly sessions: { readonly opened: number; readonly open: number };
}

/** Cheap: modules are loaded when the first token asks for them. */
export function createTokenHost(): TokenHost {
  const sessions = { opened: 0, open: 0 };

  const open = (uri: Pkcs11Uri, readWrite: boolean, decorate: DecorateCryptoki | undefined): TokenSession => {
    const slots = directoryOf(modulePathOf(uri));
    const cryptoki = decorate?.(slots.cryptoki) ?? slots.cryptoki;
    const address = { label: uri.token, serial: uri.serial };
    const session = openTokenSession({ slots, address, pin: readPin(uri), readWrite, cryptoki });
    sessions.opened += 1;
    sessions.open += 1;
    return {
      ...session,
      close: () => {
        sessions.open -= 1;
        session.close();
      },
    };
  };
  return {
    openKey: (text, decorate) => {
      const uri = parsePkcs11Uri(text);
      // One for all sessions of the key: what decorators count goes on when a session is opened anew.
      let decorated: Cryptoki | undefined;
      const around: DecorateCryptoki = (cryptoki) => (decorated ??= decorate?.(cryptoki) ?? cryptoki);
      return openTokenKey({
        object: { label: uri.object, id: uri.id },
        kind: uri.type === 'secret-key' ? 'secret' : 'private',
        openSession: () => open(uri, false, around),
      });
    },
    openSession: (text, decorate) => open(parsePkcs11Uri(text), true, decorate),
    get sessions() {
      return { ...sessions };
    },
  };
}

/** A host whose tokens all have a decorator around them; what a caller gives goes inside. */
export function withDecorator(host: TokenHost, decorate: DecorateCryptoki): TokenHost {
  const both =
    (inner: DecorateCryptoki | undefined): DecorateCryptoki =>
    (cryptoki) =>
      decorate(inner?.(cryptoki) ?? cryptoki);
  return {
    openKey: (uri, inner) => host.openKey(uri, both(inner)),
    openSession: (uri, inner) => host.openSession(uri, both(inner)),
    get sessions() {
      return host.sessions;
    },
  };
}

/** One for all hosts of this thread: to read it takes a call for each token of the module. */
const directories = new WeakMap<Cryptoki, SlotDirectory>();

function directoryOf(modulePath: string): SlotDirectory {
  const cryptoki = loadCryptoki(modulePath);
  let slots = directories.get(cryptoki);
  if (slots === undefined) {
    slots = new SlotDirectory(cryptoki);
    directories.set(cryptoki, slots);
  }
  return slots;
}

function modulePathOf({ modulePath }: Pkcs11Uri): string {
  if (modulePath !== undefined) return modulePath;
  throw new EnvironmentError('pkcs11', 'a key is to be opened whose module nobody named', {
    hint: 'Add module-path to the pkcs11: URI.',
  });
}

/** @see RFC 7512 §2.4: pin-source is a URI, or the path of a file; a trailing line break is not the PIN's */
function readPin({ pinValue, pinSource }: Pkcs11Uri): string {
  if (pinValue !== undefined) return pinValue;
  if (pinSource === undefined) return '';
  try {
    const path = pinSource.startsWith('file:///')
      ? fileURLToPath(pinSource)
      : pinSource.replace(/^file:/, '');
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new TransportError('process', 'PIN_UNREADABLE', 'the file with the PIN of a token cannot be read', {
      hint: 'Check pin-source of the pkcs11: URI; the file must be readable.',
      cause,
    });
  }
}
