import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/**
 * Has the TLS clients of this thread trust an authority in addition to those that they trust already. Clients that are
 * given authorities of their own (`ca`) go by these alone.
 *
 * @param caPem one certificate
 */
export function trustHere(caPem: string): Disposable {
  setDefaultCACertificates([...getCACertificates('default'), caPem]);
  return {
    [Symbol.dispose]: () => {
      // Others may have come since: only this one goes, and once, as it may have been added twice.
      const trusted = getCACertificates('default');
      const last = trusted.findLastIndex((pem) => baseOf(pem) === baseOf(caPem));
      if (last >= 0) setDefaultCACertificates(trusted.toSpliced(last, 1));
    },
  };
}

/** Line breaks may differ. */
const baseOf = (pem: string): string => pem.replaceAll(/\s/g, '');
