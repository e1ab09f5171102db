import { X509Certificate } from 'node:crypto';
import { toError } from '../kernel/errors.ts';
import {
  type Authority,
  hasIssued,
  invalidAt,
  type Leaf,
  readAuthority,
  readLeaf,
} from '../pki/certificate-chain.ts';
import type { HubAuthentication } from '../wire/hub-api.ts';
import type { HubIdentity } from './hub-identity.ts';
import { type HubRefusal, hubRefusals } from './hub-refusal.ts';

/** CA certificates whose owners proved to hold the keys, as they are now. */
export type TrustedAuthorities = () => readonly Authority[];

/** More than any sane PKI has; it bounds what a client can make us verify. */
const LONGEST_CHAIN = 10;

/**
 * Whether the certificate with which a device came is its own: by thumbprint, or by CN and a chain to a trusted CA;
 * undefined when it is.
 *
 * @param chain DER, leaf first, as sent in the TLS handshake
 */
export function checkCertificate(
  chain: readonly Uint8Array[],
  { deviceId, authentication }: HubIdentity,
  { authorities, nowMs }: { readonly authorities: readonly Authority[]; readonly nowMs: number },
): HubRefusal | undefined {
  const reason = whyRefused(chain, { deviceId, authentication, authorities, nowMs });
  return reason === undefined ? undefined : hubRefusals.unauthorized(reason);
}

interface Question {
  readonly deviceId: string;
  readonly authentication: HubAuthentication;
  readonly authorities: readonly Authority[];
  readonly nowMs: number;
}

function whyRefused([first, ...others]: readonly Uint8Array[], question: Question): string | undefined {
  const { deviceId, authentication, nowMs } = question;
  if (first === undefined) return 'neither a token nor a client certificate';
  if (others.length >= LONGEST_CHAIN) return `the chain has ${others.length + 1} certificates`;
  try {
    const leaf = readLeaf(first);
    const invalid = invalidAt(leaf, nowMs);
    switch (authentication.type) {
      case 'selfSigned':
        if (!isKnown(leaf.certificate, authentication)) {
          return `the certificate is not one of the two known for ${deviceId}`;
        }
        return invalid && `the certificate is ${invalid}`;
      case 'certificateAuthority': {
        if (invalid !== undefined) return `the certificate is ${invalid}`;
        const sent = others.map((der) => readAuthority(new X509Certificate(der)));
        return whyNotIssued(leaf, sent, question);
      }
      default:
        return `${deviceId} proves itself by ${authentication.type}, a certificate was presented`;
    }
  } catch (error) {
    return `a client certificate cannot be read: ${toError(error).message}`;
  }
}

/** Climbs from the leaf: at each step the issuer is a trusted CA (done) or a certificate that was sent (go on). */
function whyNotIssued(leaf: Leaf, sent: readonly Authority[], question: Question): string | undefined {
  const { deviceId, authorities, nowMs } = question;
  const commonName = leaf.fields.commonNames.at(-1);
  if (commonName !== deviceId) return `CN ${commonName ?? '(none)'} is not the deviceId ${deviceId}`;
  let current = leaf.certificate;
  for (let below = 0; below <= sent.length; below += 1) {
    const issued = (one: Authority): boolean =>
      one.certificate !== current && invalidAt(one, nowMs) === undefined && hasIssued(one, current, below);
    if (authorities.some(issued)) return undefined;
    const next = sent.find(issued);
    if (next === undefined) break;
    current = next.certificate;
  }
  return `the chain of ${sent.length + 1} reaches no verified CA`;
}

/** By SHA-1 or SHA-256, whichever was registered. */
function isKnown(
  { fingerprint, fingerprint256 }: X509Certificate,
  { primaryThumbprint, secondaryThumbprint }: Extract<HubAuthentication, { type: 'selfSigned' }>,
): boolean {
  const presented = [fingerprint, fingerprint256].map(plainThumbprint);
  return [primaryThumbprint, secondaryThumbprint].some(
    (one) => one !== null && presented.includes(plainThumbprint(one)),
  );
}

const plainThumbprint = (text: string): string => text.replaceAll(':', '').toUpperCase();
