import { CodecError } from '../../kernel/errors.ts';
import { parsePkcs11Uri } from '../../pkcs11/uri.ts';
import type { KeySource } from './edge-config.ts';

/** A location, or what is wrong with it: for people, and in the words of the device. */
export type Located<T> =
  | { readonly kind: 'found'; readonly value: T; readonly notice?: string | undefined }
  | {
      readonly kind: 'wrong';
      readonly message: string;
      readonly expected: string;
      readonly daemonSays: string;
    };

const wrong = (
  message: string,
  daemonSays: string,
  expected = '"file:///…" or "pkcs11:…"',
): Located<never> => ({
  kind: 'wrong',
  message,
  expected,
  daemonSays,
});

/**
 * Reads where a key is, as keyd does: `file:///etc/aziot/key` or `pkcs11:token=edge;object=key?pin-value=1234`.
 *
 * @see the reference of IoT Edge devices, chapter 1.6
 */
export function parseKeyLocation(text: string): Located<Exclude<KeySource, { kind: 'inline' }>> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return wrong('has no scheme', 'missing scheme');
    case 'file': {
      const file = parseFileUri(text);
      return file.kind === 'wrong' ? file : { kind: 'found', value: { kind: 'file', path: file.value } };
    }
    case 'pkcs11':
      return parseTokenLocation(text);
    default:
      return wrong(`has the scheme ${scheme}`, 'unrecognized scheme');
  }
}

/**
 * Reads the path of a `file:` URI. `file:///C:/key.pem` is a path on Windows.
 *
 * @param others what else may stand there, for the message
 */
export function parseFileUri(text: string): Located<string> {
  const expected = '"file:///…", with three slashes before an absolute path';
  if (!/^file:/i.test(text)) {
    const path = text.startsWith('/') || /^[A-Za-z]:[\\/]/.test(text);
    return wrong(path ? 'is a path' : 'is no file: URI', 'missing scheme', expected);
  }
  const path = /^file:\/\/(\/[^?#]*)$/i.exec(text)?.[1];
  if (path === undefined) return wrong('names no absolute path', 'cannot convert to file path', expected);
  try {
    return { kind: 'found', value: decodeURIComponent(path).replace(/^\/(?=[A-Za-z]:)/, '') };
  } catch {
    return wrong('is percent-encoded wrongly', 'cannot convert to file path', expected);
  }
}

/** Attributes that RFC 7512 has and IoT Edge passes over. */
const ignoredAttributes = ['id', 'serial', 'manufacturer', 'model', 'type', 'pin-source', 'module-path'];

function parseTokenLocation(text: string): Located<Exclude<KeySource, { kind: 'inline' }>> {
  try {
    const { token } = parsePkcs11Uri(text);
    const names = new Set(
      text
        .slice('pkcs11:'.length)
        .split(/[;?&]/)
        .map((part) => part.split('=')[0]),
    );
    if (token === undefined && !names.has('slot-id')) {
      return wrong(
        'says of no token that it is meant',
        'URI has neither [slot-id] nor [token] components',
        'token=… or slot-id=… before the question mark',
      );
    }
    const passedOver = ignoredAttributes.filter((name) => names.has(name));
    const notice =
      passedOver.length === 0
        ? undefined
        : `IoT Edge reads token, slot-id, object and pin-value, and passes over ${passedOver.join(', ')}`;
    return { kind: 'found', value: { kind: 'pkcs11', uri: text }, notice };
  } catch (thrown) {
    if (!(thrown instanceof CodecError)) throw thrown;
    return wrong(thrown.message, 'URI does not have pkcs11 scheme', 'pkcs11:token=…;object=…?pin-value=…');
  }
}
