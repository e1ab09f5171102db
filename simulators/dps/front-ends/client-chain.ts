import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

const chains = new WeakMap<TLSSocket, readonly Uint8Array[]>();

/** The certificates that the client sent in its handshake, DER, leaf first; empty when it sent none. */
export function clientChainOf(socket: TLSSocket): readonly Uint8Array[] {
  const known = chains.get(socket);
  if (known !== undefined) return known;
  const chain: Uint8Array[] = [];
  // An empty object when there is none; a root is its own issuer.
  let certificate: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined) {
    chain.push(certificate.raw);
    const { issuerCertificate }: Partial<DetailedPeerCertificate> = certificate;
    certificate = issuerCertificate === certificate ? undefined : issuerCertificate;
  }
  chains.set(socket, chain);
  return chain;
}
