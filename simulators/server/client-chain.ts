import type { TLSSocket } from 'node:tls';

const chains = new WeakMap<TLSSocket, readonly Uint8Array[]>();

/**
 * The certificates that the client sent in its handshake, DER, leaf first; empty when it sent none. The same array for
 * the whole life of the connection, so that what is concluded from it can be remembered by it.
 */
export function clientChainOf(socket: TLSSocket): readonly Uint8Array[] {
  const known = chains.get(socket);
  if (known !== undefined) return known;
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate; // the next one that was sent
  }
  chains.set(socket, chain);
  return chain;
}
