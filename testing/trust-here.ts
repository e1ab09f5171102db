import tls from 'node:tls';
import { EnvironmentError } from '../simulators/kernel/errors.ts';

/**
 * Has the TLS clients of this thread trust an authority in addition to those that they trust already. Clients that are
 * given authorities of their own (`ca`) go by these alone.
 *
 * @param caPem one certificate
 * @throws EnvironmentError before Node 24.5
 */
export function trustHere(caPem: string): Disposable {
  // Not by name: the import of one that is missing would end everything that imports this file.
  const { getCACertificates, setDefaultCACertificates } = tls as Partial<typeof tls>;
  if (getCACertificates === undefined || setDefaultCACertificates === undefined) {
    throw new EnvironmentError('Node.js', `${process.version} cannot be told whom to trust while it runs`, {
      hint: 'Use Node 24.5 or later, or give `caPem` to the client.',
    });
  }
  const key = baseOf(caPem);
  const already = users.get(key) ?? 0;
  users.set(key, already + 1);
  if (already === 0) setDefaultCACertificates([...getCACertificates('default'), caPem]);
  return {
    [Symbol.dispose]: () => {
      const left = (users.get(key) ?? 1) - 1;
      users.set(key, left);
      if (left > 0) return;
      users.delete(key);
      // Others may have come since: only this one goes.
      setDefaultCACertificates(getCACertificates('default').filter((pem) => baseOf(pem) !== key));
    },
  };
}

/** How many want an authority trusted: Node keeps each only once. What Node trusts is a state of the thread, and so is this. */
const users = new Map<string, number>();

/** Line breaks may differ. */
const baseOf = (pem: string): string => pem.replaceAll(/\s/g, '');
