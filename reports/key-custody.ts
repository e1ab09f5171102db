import { formatCount } from './figures.ts';
import type { KeyCustody } from './run-result.ts';
import { plural } from './text.ts';

/** A line of the short account of keys in tokens. */
interface CustodyFact {
  readonly fact: string;
  readonly value: string;
}

/** What a run has shown of keys in tokens, in a few lines; key by key it stands in run-result.json. */
export function describeKeyCustody({ keys, sessions }: KeyCustody): readonly CustodyFact[] {
  const count = (holds: (key: KeyCustody['keys'][number]) => boolean): string =>
    `${formatCount(keys.filter(holds).length)} of ${formatCount(keys.length)}`;
  const sum = (of: (key: KeyCustody['keys'][number]) => number): number =>
    keys.reduce((total, key) => total + of(key), 0);
  const byTls = keys.filter(({ certificate }) => certificate !== null);
  const seen = byTls.filter(({ certificateSeen }) => certificateSeen !== null);
  const own = seen.filter(({ certificate, certificateSeen }) => certificate === certificateSeen).length;
  const signed = byTls.reduce((total, { signatures }) => total + signatures, 0);
  const resumed = sum((key) => key.resumed);
  return [
    { fact: 'CKA_SENSITIVE', value: count(({ sensitive }) => sensitive) },
    { fact: 'not CKA_EXTRACTABLE', value: count(({ extractable }) => !extractable) },
    { fact: 'CKA_LOCAL, made in the token', value: count(({ local }) => local) },
    { fact: 'CKA_NEVER_EXTRACTABLE', value: count(({ neverExtractable }) => neverExtractable) },
    { fact: 'reads refused by the token', value: count(({ refusedRead }) => refusedRead !== null) },
    {
      fact: 'certificates that the service saw',
      value: `${formatCount(own)} of ${formatCount(seen.length)} are the device's own`,
    },
    {
      fact: 'TLS handshakes',
      value: `${formatCount(sum((key) => key.handshakes))}, signed by tokens ${formatCount(signed)}, resumed ${formatCount(resumed)}`,
    },
    { fact: 'SAS tokens signed by tokens', value: formatCount(sum((key) => key.signatures) - signed) },
    {
      fact: 'sessions with tokens',
      value: `${plural(sessions.opened, 'session')} opened, ${formatCount(sessions.open)} left open`,
    },
  ];
}
