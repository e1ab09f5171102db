import { X509Certificate } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { IssuedCertificate } from '../../pki/test-pki.ts';
import { registerKey } from '../register-key.ts';
import { shakeHands } from './handshakes.ts';
import { softwareSigner } from './software-signer.ts';

/** A thread that uses keys of its own, and ends (or waits for its end) with them registered. */
export interface HandshakeWork {
  readonly port: number;
  readonly rootPem: string;
  readonly identity: IssuedCertificate;
  readonly handshakes: number;
  /** Wait for a message at the end. */
  readonly stays: boolean;
}

/** What the thread posts when its handshakes are done. */
export interface HandshakeReport {
  readonly pem: string;
  readonly commonNames: readonly string[];
}

const { port, rootPem, identity, handshakes, stays } = workerData as HandshakeWork;
const key = registerKey({
  publicKey: new X509Certificate(identity.certificatePem).publicKey,
  sign: softwareSigner(identity.privateKeyPem),
});
const commonNames: string[] = [];
for (let done = 0; done < handshakes; done += 1) {
  const client = { ca: rootPem, cert: identity.chainPem, key: key.pem };
  commonNames.push((await shakeHands(port, client)).commonName);
}
const report: HandshakeReport = { pem: key.pem, commonNames };
parentPort?.postMessage(report);
if (stays) parentPort?.once('message', () => undefined);
