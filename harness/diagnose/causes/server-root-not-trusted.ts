import { certain, type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

const untrusted = [
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
] as const;

/** The server's root was changed, or a proxy opens TLS. */
export const serverRootNotTrusted: FailureCause = {
  explain: 'unknown_ca',
  scenario: 'failure/x509/server-root-changed',
  fix: 'give devices the new root before the change',
  find: (evidence) => {
    if (!isCode(evidence, ...untrusted)) return undefined;
    const { probe } = evidence.service;
    const trusted =
      evidence.device?.trustedRoots?.map(({ subject }) => subject).join(', ') ?? "the system's roots";
    const top = probe?.kind === 'answers' ? probe.certificates.at(-1) : undefined;
    return top === undefined
      ? likely(`the device trusts ${trusted}, and the server's certificate is not from there`)
      : certain(
          `server root not trusted: its certificate comes from ${top.issuer}, the device trusts ${trusted}`,
        );
  },
};
