import { timingSafeEqual } from 'node:crypto';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';
import { hmacSha256 } from './hmac-sha256.ts';

const PREFIX = 'SharedAccessSignature ';

/** A token's fields as they stand in its text. `sr` stays encoded: the signature covers these very characters. */
export interface SasToken {
  readonly sr: string;
  /** base64, percent-decoded. */
  readonly sig: string;
  /** Unix seconds. */
  readonly se: number;
  readonly skn: string | undefined;
}

/** What a device signs (HMAC-SHA256): the resource as it will stand in the token, a line feed, the expiry. */
export const sasSigningInput = (sr: string, expirySeconds: number): string => `${sr}\n${expirySeconds}`;

/**
 * Builds a token from a signature that may have been made elsewhere (a TPM, an HSM).
 *
 * @param sr resource exactly as it was signed, e.g. `0ne00000001%2Fregistrations%2Fdev-01`
 * @param signature 32 bytes, HMAC-SHA256 over {@link sasSigningInput}
 */
export function formatSasToken(token: {
  readonly sr: string;
  readonly signature: Uint8Array;
  readonly expirySeconds: number;
  readonly skn?: string | undefined;
}): string {
  const sig = encodeURIComponent(toBase64(token.signature));
  const skn = token.skn === undefined ? '' : `&skn=${token.skn}`;
  return `${PREFIX}sr=${token.sr}&sig=${sig}&se=${token.expirySeconds}${skn}`;
}

/** HMAC-SHA256 in software, as {@link formatSasToken} wants it. */
export const signSas = (key: Uint8Array, sr: string, expirySeconds: number): Uint8Array =>
  hmacSha256(key, sasSigningInput(sr, expirySeconds));

/**
 * Takes a token apart: the fields may come in any order, unknown fields are passed over.
 *
 * @throws CodecError when the prefix, `sr`, `sig` or `se` is missing or malformed, or a field appears twice
 */
export function parseSasToken(text: string): SasToken {
  if (!text.startsWith(PREFIX)) throw new CodecError('SAS token has no scheme', 0, `"${PREFIX}"`);
  const fields = new Map<string, { value: string; offset: number }>();
  let offset = PREFIX.length;
  for (const pair of text.slice(PREFIX.length).split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new CodecError('SAS token field is malformed', offset, 'name=value');
    const name = pair.slice(0, equals);
    if (fields.has(name))
      throw new CodecError(`SAS token field ${name} appears twice`, offset, 'each field once');
    fields.set(name, { value: pair.slice(equals + 1), offset });
    offset += pair.length + 1;
  }
  const required = (name: string): { value: string; offset: number } => {
    const field = fields.get(name);
    if (field === undefined || field.value === '')
      throw new CodecError(`SAS token has no ${name}`, text.length, name);
    return field;
  };
  const se = required('se');
  if (!/^(?:0|[1-9]\d{0,14})$/.test(se.value))
    throw new CodecError('SAS token se is malformed', se.offset, 'Unix seconds');
  const sig = required('sig');
  return {
    sr: required('sr').value,
    sig: decodePercent(sig.value, sig.offset),
    se: Number(se.value),
    skn: fields.get('skn')?.value,
  };
}

/** Whether the signature was made with this key. Compares in constant time. */
export function sasSignatureMatches(token: SasToken, key: Uint8Array): boolean {
  const given = tryBase64(token.sig);
  const wanted = signSas(key, token.sr, token.se);
  return given !== undefined && given.length === wanted.length && timingSafeEqual(given, wanted);
}

/**
 * Whether the token's resource is the given one, decoded and without regard to case (clients lower-case it).
 *
 * @param resource e.g. `0ne00000001/registrations/dev-01`
 */
export function sasResourceMatches(token: SasToken, resource: string): boolean {
  try {
    return decodeURIComponent(token.sr).toLowerCase() === resource.toLowerCase();
  } catch {
    return false; // a stray percent sign: not our resource
  }
}

function decodePercent(value: string, offset: number): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new CodecError('SAS token field is not percent-encoded', offset, '%XX', { cause });
  }
}

function tryBase64(text: string): Uint8Array | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}
