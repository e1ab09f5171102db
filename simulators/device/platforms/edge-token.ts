import { utf8 } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { formatSasToken, sasSigningInput } from '../../wire/sas-token.ts';
import type { EdgeProfile } from './edge-profile.ts';

/** HMAC-SHA256 with the device's key, wherever that lives. */
export type SignToken = (input: Uint8Array) => Promise<Uint8Array>;

/**
 * Builds a SAS token as a daemon of this generation does: for DPS (`{idScope}/registrations/{id}`, with a key name) and
 * for a hub (`{hub}/devices/{id}`, without).
 *
 * @param resource in its own case: the token alone has it in lower case
 * @see reference of IoT Edge devices, chapters 2.1 and 2.2
 */
export async function createEdgeToken(
  { resource, keyName }: { readonly resource: string; readonly keyName: string | undefined },
  { sas }: EdgeProfile,
  sign: SignToken,
  clock: Clock,
): Promise<string> {
  const sr = encodeResource(resource.toLowerCase(), sas.slash);
  const expirySeconds = Math.floor(clock.nowMs() / 1000) + sas.lifeSeconds;
  const signature = await sign(utf8(sasSigningInput(sr, expirySeconds)));
  return formatSasToken({ sr, signature, expirySeconds, ...(keyName === undefined ? {} : { skn: keyName }) });
}

/** What the identity service encodes; everything else, the slash too, stays as it is. */
const encoded = /[\p{Cc} "<>`#?{}=]|[^\p{ASCII}]/gu;

const encodeResource = (resource: string, slash: '%2F' | '/'): string =>
  slash === '%2F' ? encodeURIComponent(resource) : resource.replaceAll(encoded, encodeURIComponent);
