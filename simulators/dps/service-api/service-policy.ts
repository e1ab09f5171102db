import type { Clock } from '../../kernel/clock.ts';
import { CodecError } from '../../kernel/errors.ts';
import { percentDecoded, sasResourceCovers } from '../../wire/sas-resource.ts';
import { parseSasToken, type SasToken, sasSignatureMatches } from '../../wire/sas-token.ts';
import { type Refusal, refusals } from '../refusal.ts';

/** The policy that every instance begins with; it has all rights. */
export const OWNER_POLICY_NAME = 'provisioningserviceowner';

/** A shared access policy with its key, decoded. */
export interface ServicePolicy {
  readonly name: string;
  readonly key: Uint8Array;
}

/** What is asked for, as far as a token has a say in it. */
export interface GuardedRequest {
  readonly authorization: string | undefined;
  /** Host header; a port in it is passed over. */
  readonly host: string | undefined;
  /** Request target; a query in it is passed over. */
  readonly target: string;
}

/**
 * Checks the SAS token of a service client: policy, signature, expiry, and that it is for this host and path.
 *
 * @returns why the request is refused, or undefined
 */
export function refuseUnlessAuthorized(
  { authorization, host, target }: GuardedRequest,
  policy: ServicePolicy,
  clock: Clock,
): Refusal | undefined {
  if (authorization === undefined) return refusals.notAuthorizedHere('no token; a service client signs one');
  let token: SasToken;
  try {
    token = parseSasToken(authorization);
  } catch (error) {
    if (error instanceof CodecError) return refusals.notAuthorizedHere(error.message);
    throw error;
  }
  if (percentDecoded(token.skn ?? '') !== policy.name) {
    return refusals.notAuthorizedHere(`no policy ${token.skn?.slice(0, 64) ?? 'is named'}`);
  }
  if (!sasSignatureMatches(token, policy.key)) {
    return refusals.notAuthorizedHere(`not signed with the key of policy ${policy.name}`);
  }
  if (!sasResourceCovers(token.sr, host ?? '', target.split('?')[0] ?? '')) {
    return refusals.notAuthorizedHere(`the token is for ${token.sr.slice(0, 200)}, not for ${host ?? ''}`);
  }
  const nowSeconds = clock.nowMs() / 1000;
  if (token.se > nowSeconds) return undefined;
  return refusals.notAuthorizedHere(`the token expired ${Math.ceil(nowSeconds - token.se)} s ago`);
}
