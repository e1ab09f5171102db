import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IssuedCertificate } from '../pki/test-pki.ts';
import { loadTlsKeys } from './native.ts';
import { registerKey } from './register-key.ts';
import type { HandshakeReport, HandshakeWork } from './testing/handshake-worker.ts';
import {
  type ClientAuthServer,
  issueIdentity,
  rootPem,
  shakeHands,
  startClientAuthServer,
} from './testing/handshakes.ts';
import { softwareSigner } from './testing/software-signer.ts';

let server: ClientAuthServer;
beforeAll(async () => {
  server = await startClientAuthServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Starts a thread and waits for its report. */
async function runThread(
  identity: IssuedCertificate,
  work: Partial<HandshakeWork> = {},
): Promise<{ report: HandshakeReport; thread: Worker; ended: Promise<unknown> }> {
  const workerData: HandshakeWork = {
    port: server.port,
    rootPem,
    identity,
    handshakes: 5,
    stays: false,
    ...work,
  };
  const thread = new Worker(new URL('./testing/handshake-worker.ts', import.meta.url), { workerData });
  const ended = once(thread, 'exit');
  const [report] = (await once(thread, 'message')) as [HandshakeReport];
  return { report, thread, ended };
}

/** A handshake of this thread, which fails or crashes when a thread's end left something behind. */
async function shakeHandsHere(): Promise<void> {
  const identity = await issueIdentity('dev-main', 'rsa-2048');
  using key = registerKey({
    publicKey: new X509Certificate(identity.certificatePem).publicKey,
    sign: softwareSigner(identity.privateKeyPem),
  });
  const { commonName } = await shakeHands(server.port, { cert: identity.chainPem, key: key.pem });
  expect(commonName).toBe('dev-main');
}

describe('keys by reference in worker threads', () => {
  it('are used on several threads at once, each with its own', async () => {
    const names = ['dev-0', 'dev-1', 'dev-2', 'dev-3'];
    const threads = await Promise.all(
      names.map(async (name) => runThread(await issueIdentity(name, 'ec-p256'))),
    );
    expect(threads.map(({ report }) => report.commonNames)).toEqual(
      names.map((name) => Array<string>(5).fill(name)),
    );
    await Promise.all(threads.map(({ ended }) => ended));
    expect(loadTlsKeys().count()).toBe(0);
    await shakeHandsHere();
  });

  it('end with their thread, time and again, and the next handshake works', async () => {
    const identity = await issueIdentity('dev-worker', 'ec-p256');
    for (let round = 0; round < 5; round += 1) {
      const { thread, ended } = await runThread(identity, { handshakes: 1, stays: round % 2 === 0 });
      await thread.terminate();
      await ended;
      expect(loadTlsKeys().count()).toBe(0);
      await shakeHandsHere();
    }
  });

  it('sign on the thread that registered them only', async () => {
    const identity = await issueIdentity('dev-worker', 'ec-p256');
    const { report, thread } = await runThread(identity, { stays: true });
    const client = { cert: identity.chainPem, key: report.pem };
    await expect(shakeHands(server.port, client)).rejects.toThrow(/belongs to another thread/);
    await thread.terminate();
    await expect(shakeHands(server.port, client)).rejects.toThrow(/no key with this reference/);
  });

  it('survive the loss of a thread in the middle of its handshakes', async () => {
    const identity = await issueIdentity('dev-worker', 'ec-p256');
    const workerData: HandshakeWork = { port: server.port, rootPem, identity, handshakes: 1e6, stays: false };
    const thread = new Worker(new URL('./testing/handshake-worker.ts', import.meta.url), { workerData });
    const before = server.greeted;
    while (server.greeted < before + 20) await server.nextGreeting();
    await thread.terminate();
    expect(loadTlsKeys().count()).toBe(0);
    await shakeHandsHere();
  });
});
