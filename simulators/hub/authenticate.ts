import { fromBase64 } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { CodecError } from '../kernel/errors.ts';
import type { HubAuthentication } from '../wire/hub-api.ts';
import { percentDecoded, sasResourceCovers } from '../wire/sas-resource.ts';
import { parseSasToken, type SasToken, sasSignatureMatches } from '../wire/sas-token.ts';
import { checkCertificate, type TrustedAuthorities } from './check-certificate.ts';
import type { HubIdentity, HubModule } from './hub-identity.ts';
import type { HubPolicy, HubRight } from './hub-policy.ts';
import { type HubRefusal, hubRefusals } from './hub-refusal.ts';

/** What a client brings to prove itself. */
export type HubProof =
  | { readonly kind: 'sas'; readonly token: string }
  /** DER, leaf first, as sent in the TLS handshake. */
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] }
  | { readonly kind: 'none' };

/** A token whose signature, expiry and reach are in order, and the policy that signed it. */
export function checkPolicyToken(
  proof: HubProof,
  wanted: { readonly right: HubRight; readonly host: string; readonly path: string },
  policies: readonly HubPolicy[],
  clock: Clock,
): HubRefusal | undefined {
  if (proof.kind !== 'sas') return hubRefusals.unauthorized('no token; a service client signs one');
  const read = readToken(proof.token, wanted.host, wanted.path, clock);
  if ('refusal' in read) return read.refusal;
  const name = percentDecoded(read.token.skn ?? '');
  const policy = policies.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (policy === undefined) return hubRefusals.unauthorized(`no policy ${name.slice(0, 64) || 'is named'}`);
  if (!sasSignatureMatches(read.token, policy.key)) {
    return hubRefusals.unauthorized(`not signed with the key of policy ${policy.name}`);
  }
  if (policy.rights.includes(wanted.right)) return undefined;
  return hubRefusals.unauthorized(`policy ${policy.name} has no right ${wanted.right}`);
}

/** By what proofs are judged. */
export interface ProofContext {
  readonly policies: readonly HubPolicy[];
  readonly clock: Clock;
  /** For devices with `certificateAuthority`; none when absent. */
  readonly authorities?: TrustedAuthorities;
}

/** Whether a device, or a module of it, is who it says it is; undefined when it is. */
export function checkDeviceProof(
  proof: HubProof,
  asked: { readonly hub: string; readonly identity: HubIdentity; readonly module: HubModule | undefined },
  { policies, clock, authorities }: ProofContext,
): HubRefusal | undefined {
  const { hub, identity, module } = asked;
  const path = pathOf(identity.deviceId, module?.moduleId);
  switch (proof.kind) {
    case 'none':
      return hubRefusals.unauthorized('neither a token nor a client certificate');
    case 'certificate':
      return checkCertificate(proof.chain, identity, {
        authorities: authorities?.() ?? [],
        nowMs: clock.nowMs(),
      });
    case 'sas': {
      const read = readToken(proof.token, hub, path, clock);
      if ('refusal' in read) return read.refusal;
      if (read.token.skn) {
        const wanted = { right: 'DeviceConnect', host: hub, path } as const;
        return checkPolicyToken(proof, wanted, policies, clock);
      }
      // A token for the device speaks for its modules as well: the edge hub connects like this.
      const authentications = [module?.authentication, identity.authentication];
      return authentications.some((one) => one !== undefined && signedWith(read.token, one))
        ? undefined
        : hubRefusals.unauthorized(`the signature was made with no key of ${identity.deviceId}`);
    }
  }
}

const pathOf = (deviceId: string, moduleId?: string): string =>
  `/devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}`;

function signedWith(token: SasToken, authentication: HubAuthentication): boolean {
  if (authentication.type !== 'sas') return false;
  return [authentication.primaryKey, authentication.secondaryKey].some((key) =>
    sasSignatureMatches(token, fromBase64(key)),
  );
}

function readToken(
  text: string,
  host: string,
  path: string,
  clock: Clock,
): { readonly token: SasToken } | { readonly refusal: HubRefusal } {
  let token: SasToken;
  try {
    token = parseSasToken(text);
  } catch (error) {
    if (error instanceof CodecError) return { refusal: hubRefusals.unauthorized(error.message) };
    throw error;
  }
  if (!sasResourceCovers(token.sr, host, path)) {
    const reason = `the token is for ${token.sr.slice(0, 200)}, not for ${host}${path}`;
    return { refusal: hubRefusals.unauthorized(reason) };
  }
  const nowSeconds = clock.nowMs() / 1000;
  if (token.se > nowSeconds) return { token };
  const reason = `the token expired ${Math.ceil(nowSeconds - token.se)} s ago`;
  return { refusal: hubRefusals.unauthorized(reason) };
}
