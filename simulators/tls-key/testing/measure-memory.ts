import { X509Certificate } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { loadTlsKeys } from '../native.ts';
import { registerKey } from '../register-key.ts';
import { issueIdentity, shakeHands, startClientAuthServer } from './handshakes.ts';
import { softwareSigner } from './software-signer.ts';

/** What a long run of keys, contexts and handshakes leaves behind; run with --expose-gc, prints JSON. */
export interface MemoryReport {
  /** Bytes of the process after each round of the same work. */
  readonly residentBytes: readonly number[];
  readonly keysLeft: number;
}

const identity = await issueIdentity('dev-memory', 'ec-p256');
const sign = softwareSigner(identity.privateKeyPem);
const { publicKey } = new X509Certificate(identity.certificatePem);
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('run with --expose-gc');

const residentBytes: number[] = [];
{
  await using server = await startClientAuthServer();
  for (let round = 0; round < 4; round += 1) {
    for (let made = 0; made < 2000; made += 1) {
      using key = registerKey({ publicKey, sign });
      createSecureContext({ cert: identity.chainPem, key: key.pem });
      if (made % 20 === 0) await shakeHands(server.port, { cert: identity.chainPem, key: key.pem });
    }
    collect();
    await setImmediate();
    collect();
    residentBytes.push(process.memoryUsage.rss());
  }
}
const report: MemoryReport = { residentBytes, keysLeft: loadTlsKeys().count() };
process.stdout.write(JSON.stringify(report));
