import { type FailureCause, likely } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';
import { enrolledAuthorities, namesOf } from './enrolled-authorities.ts';

/** The service cannot climb from the leaf to an enrolled CA. */
export const chainIncomplete: FailureCause = {
  explain: '401002',
  scenario: 'failure/x509/leaf-only',
  fix: 'send the whole chain: the leaf and its intermediates',
  find: (evidence) => {
    const { device, planned } = evidence;
    if (!isRefusedIdentity(evidence) || planned.enrollment !== 'group') return undefined;
    const [leaf, ...rest] = device?.chain?.certificates ?? [];
    if (leaf === undefined || leaf.selfSigned || rest.length > 0) return undefined;
    const enrolled = enrolledAuthorities(evidence);
    if (enrolled === undefined || enrolled.some(({ subject }) => subject === leaf.issuer)) return undefined;
    return likely(
      `the chain has 1 of at least 2 certificates: its issuer, ${leaf.issuer}, is neither sent nor enrolled (${namesOf(enrolled)})`,
    );
  },
};
