import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestPki, openScratchDirectory } from '../simulators/index.ts';
import { expectNoChildProcessLeft } from '../simulators/processes/testing/child-processes.ts';
import { SoftHsm } from './soft-hsm.ts';
import type { StartedSoftHsm } from './started-soft-hsm.ts';

const run = promisify(execFile);

describe('SoftHsm', () => {
  afterEach(expectNoChildProcessLeft);

  const pkcs11Tool = async (hsm: StartedSoftHsm, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, ...hsm.environment };
    const token = ['--module', hsm.modulePath, '--token-label', hsm.label];
    return (await run('pkcs11-tool', [...token, ...args], { env })).stdout;
  };

  it('holds a key and its certificate, which pkcs11-tool finds and uses from another process', async () => {
    await using hsm = await new SoftHsm().withRegistrationId('edge-01').start();
    await using scratch = await openScratchDirectory({ name: 'testing-hsm-test' });
    const [certificate, key] = [join(scratch.path, 'cert.der'), join(scratch.path, 'key.der')];
    const read = ['--read-object', '--id', '01', '--output-file'];
    await pkcs11Tool(hsm, '--type', 'cert', ...read, certificate);
    await pkcs11Tool(hsm, '--type', 'pubkey', ...read, key);
    const stored = new X509Certificate(await readFile(certificate));
    expect(stored.subject).toBe('CN=edge-01');
    expect(stored.raw).toEqual(new X509Certificate(hsm.certificatePem).raw);
    const publicKey = createPublicKey({ key: await readFile(key), format: 'der', type: 'spki' });
    expect(stored.publicKey.equals(publicKey)).toBe(true);
    expect(await pkcs11Tool(hsm, '--list-objects', '--type', 'cert')).toContain('CN=edge-01');
    const objects = await pkcs11Tool(hsm, '--login', '--pin', hsm.pin, '--list-objects', '--type', 'privkey');
    expect(objects).toContain('device-id');
  });

  it.each(['ec-p256', 'rsa-2048'] as const)('signs TLS handshakes with a key of %s', async (algorithm) => {
    const pki = await createTestPki();
    await using hsm = await new SoftHsm().withKeyAlgorithm(algorithm).withAuthority(pki.bundle).start();
    const { chainPem, privateKeyPem } = await pki.issueServerCertificate({ names: ['localhost'] });
    const ca = pki.bundle.rootPem;
    await using server = createServer(
      { cert: chainPem, key: privateKeyPem, ca, requestCert: true },
      (socket) => {
        socket.end(JSON.stringify([socket.authorized, socket.getPeerCertificate().subject.CN]));
      },
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    const { cert, key } = hsm.tlsCredentials();
    expect(() => createPrivateKey(key).export({ type: 'pkcs8', format: 'der' })).toThrow();
    const socket = connect({ host: '127.0.0.1', servername: 'localhost', port, ca, cert, key });
    const answer = (await socket.setEncoding('utf8').toArray()).join('');
    expect(JSON.parse(answer)).toEqual([true, 'softhsm-device']);
  });

  it('gives the attestations of an individual enrollment and of its group', async () => {
    await using hsm = await new SoftHsm().start();
    expect(hsm.attestation).toMatchObject({
      x509: { clientCertificates: { primary: { certificate: hsm.certificatePem } } },
    });
    expect(hsm.groupAttestation).toMatchObject({
      x509: { signingCertificates: { primary: { certificate: hsm.authority.intermediatePem } } },
    });
    const issuer = new X509Certificate(hsm.authority.intermediatePem);
    expect(new X509Certificate(hsm.chainPem).checkIssued(issuer)).toBe(true);
  });

  it('says what to do in a thread that cannot start it', async () => {
    const script = `
      const { SoftHsm } = await import(${JSON.stringify(new URL('./soft-hsm.ts', import.meta.url).href)});
      const { parentPort } = await import('node:worker_threads');
      await new SoftHsm().start().catch(({ code, hint }) => parentPort.postMessage({ code, hint }));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    worker.once('message', resolve).once('error', reject);
    expect(await promise).toMatchObject({
      code: 'ENVIRONMENT',
      hint: expect.stringContaining('forks') as string,
    });
    await worker.terminate();
  });
});
