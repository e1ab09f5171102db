import { CodecError } from '../kernel/errors.ts';

/**
 * A PKCS#11 URI: which object of which token, and how to get at it.
 *
 * @see RFC 7512 §2.3
 */
export interface Pkcs11Uri {
  readonly token?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly object?: string;
  readonly type?: ObjectType;
  /** CKA_ID. */
  readonly id?: Uint8Array;
  /** Secret. IoT Edge configures it in clear; prefer `pinSource`. */
  readonly pinValue?: string;
  /** `file:/path` or a path. */
  readonly pinSource?: string;
  readonly modulePath?: string;
}

const objectTypes = ['public', 'private', 'cert', 'secret-key', 'data'] as const;
type ObjectType = (typeof objectTypes)[number];

/** Attributes with text, by their names in the URI; those of the query are ways of access and name no object. */
const textAttributes = {
  path: { token: 'token', manufacturer: 'manufacturer', model: 'model', serial: 'serial', object: 'object' },
  query: { 'pin-value': 'pinValue', 'pin-source': 'pinSource', 'module-path': 'modulePath' },
} as const;

const SCHEME = 'pkcs11:';

/** What RFC 7512 §2.3 allows as it is in a path attribute; a query attribute may also have `/`, `?` and `|`. */
const pathUnreserved = /[A-Za-z0-9\-._~:[\]@!$'()*+,=&]/;
const queryUnreserved = /[A-Za-z0-9\-._~:[\]@!$'()*+,=/?|]/;

/**
 * Reads a PKCS#11 URI as IoT Edge writes it: `pkcs11:token=edge;object=device-id?pin-value=1234`. A PIN among the path
 * attributes, which libp11 wants, is understood too. Attributes of vendors are passed over, as §2.3 says.
 *
 * @throws CodecError naming the attribute and the offset of what is wrong
 */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (!text.startsWith(SCHEME)) throw new CodecError('PKCS#11 URI has no scheme', 0, SCHEME);
  const queryAt = text.indexOf('?');
  const pathEnd = queryAt < 0 ? text.length : queryAt;
  const fields: Record<string, string | Uint8Array> = {};
  for (const part of split(text, SCHEME.length, pathEnd, ';')) readAttribute(part, 'path', fields);
  if (queryAt >= 0) {
    for (const part of split(text, queryAt + 1, text.length, '&')) readAttribute(part, 'query', fields);
  }
  return fields;
}

/** Writes a PKCS#11 URI; whatever is not unreserved is percent-encoded. */
export function formatPkcs11Uri(uri: Pkcs11Uri): string {
  const path = Object.entries(textAttributes.path).flatMap(([name, field]) =>
    uri[field] === undefined ? [] : [`${name}=${encode(uri[field], pathUnreserved)}`],
  );
  if (uri.id !== undefined) path.push(`id=${encodeAll(uri.id)}`);
  if (uri.type !== undefined) path.push(`type=${uri.type}`);
  const query = Object.entries(textAttributes.query).flatMap(([name, field]) =>
    uri[field] === undefined ? [] : [`${name}=${encode(uri[field], queryUnreserved)}`],
  );
  return `${SCHEME}${path.join(';')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

interface Part {
  readonly name: string;
  readonly value: string;
  /** Of the name, and of the value, in the URI. */
  readonly at: number;
  readonly valueAt: number;
}

function split(text: string, from: number, to: number, separator: string): Part[] {
  if (from === to) return [];
  let at = from;
  return text
    .slice(from, to)
    .split(separator)
    .map((part) => {
      const equals = part.indexOf('=');
      if (equals <= 0)
        throw new CodecError(`PKCS#11 URI has the attribute ${part || '(empty)'}`, at, 'name=value');
      const read = {
        name: part.slice(0, equals),
        value: part.slice(equals + 1),
        at,
        valueAt: at + equals + 1,
      };
      at += part.length + separator.length;
      return read;
    });
}

function readAttribute(
  part: Part,
  where: 'path' | 'query',
  fields: Record<string, string | Uint8Array>,
): void {
  const { name, value, valueAt } = part;
  const texts: Readonly<Record<string, string>> =
    where === 'path' ? { ...textAttributes.path, 'pin-value': 'pinValue' } : textAttributes.query;
  const field = Object.hasOwn(texts, name) ? texts[name] : undefined;
  if (field !== undefined) once(fields, field, part, decodeText(part));
  else if (where === 'path' && name === 'id') once(fields, 'id', part, decode(part));
  else if (where === 'path' && name === 'type') {
    if (!(objectTypes as readonly string[]).includes(value)) {
      throw new CodecError('PKCS#11 URI attribute type is unknown', valueAt, objectTypes.join(', '));
    }
    once(fields, 'type', part, value);
  }
}

/** §2.3: an attribute must not occur twice in the path. */
function once(
  fields: Record<string, string | Uint8Array>,
  field: string,
  { name, at }: Part,
  value: string | Uint8Array,
): void {
  if (Object.hasOwn(fields, field)) {
    throw new CodecError(`PKCS#11 URI has the attribute ${name} twice`, at, 'each attribute once');
  }
  fields[field] = value;
}

function decodeText(part: Part): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(decode(part));
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    throw new CodecError(`PKCS#11 URI attribute ${part.name} is no text`, part.valueAt, 'UTF-8', { cause });
  }
}

function decode({ name, value, valueAt }: Part): Uint8Array {
  const octets: number[] = [];
  for (let at = 0; at < value.length; at += 1) {
    const char = value.charAt(at);
    if (char !== '%') {
      octets.push(...Buffer.from(char));
      continue;
    }
    const hex = value.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) {
      throw new CodecError(
        `PKCS#11 URI attribute ${name} is malformed`,
        valueAt + at,
        '% and two hex digits',
      );
    }
    octets.push(Number.parseInt(hex, 16));
    at += 2;
  }
  return Uint8Array.from(octets);
}

const encode = (text: string, unreserved: RegExp): string =>
  [...Buffer.from(text)]
    .map((octet) => {
      const char = String.fromCharCode(octet);
      return octet < 0x80 && unreserved.test(char) ? char : percent(octet);
    })
    .join('');

/** An id is not text: §2.3 wants it percent-encoded throughout. */
const encodeAll = (bytes: Uint8Array): string => [...bytes].map(percent).join('');

const percent = (octet: number): string => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
