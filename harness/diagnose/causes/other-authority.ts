import { certain, type FailureCause, likely } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';
import { enrolledAuthorities, namesOf } from './enrolled-authorities.ts';

/** The certificate comes from a CA that nobody has enrolled. */
export const otherAuthority: FailureCause = {
  explain: '401002',
  scenario: 'failure/x509/other-issuer',
  fix: 'sign it with the enrolled CA, or enrol the one that signs',
  find: (evidence) => {
    if (!isRefusedIdentity(evidence) || evidence.planned.enrollment !== 'group') return undefined;
    const chain = evidence.device?.chain?.certificates ?? [];
    const top = chain.at(-1);
    const enrolled = enrolledAuthorities(evidence);
    if (top === undefined || enrolled === undefined) return undefined;
    const names = [top.issuer, ...chain.map(({ subject }) => subject)];
    if (enrolled.some(({ subject }) => names.includes(subject)))
      return likely(`a CA of the enrolled name, ${top.issuer}, has signed the chain with another key`);
    return certain(`the chain of ${chain.length} ends at ${top.issuer}; enrolled: ${namesOf(enrolled)}`);
  },
};
