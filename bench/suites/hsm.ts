import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pkcs11js from 'pkcs11js';
import { ensureTokens } from '../../simulators/pkcs11/ensure-tokens.ts';
import { createTokenHost, type TokenHost } from '../../simulators/pkcs11/token-host.ts';
import { openTokenStore, type StoredToken, type TokenStore } from '../../simulators/pkcs11/token-store.ts';
import { parsePkcs11Uri } from '../../simulators/pkcs11/uri.ts';
import { createTestPki, type TestPki } from '../../simulators/pki/test-pki.ts';
import { openScratchDirectory } from '../../simulators/processes/scratch-directory.ts';
import { openTokenX509 } from '../../simulators/security/token-x509.ts';
import type { DpsEndpoint } from '../../simulators/transport/provisioning-transport.ts';
import { secureContextFor, type TlsIdentity } from '../../simulators/transport/secure-context.ts';
import { openTlsConnection } from '../../simulators/transport/tls-connection.ts';
import { inParallel } from '../in-parallel.ts';
import { startParty } from '../party.ts';
import type { Row, Suite } from '../row.ts';
import { median, medianRatio } from '../statistics.ts';

const SIGNATURES = { 'ec-p256': 4_000, 'rsa-2048': 500 } as const;
const HANDSHAKES = 300;
const IN_FLIGHT = 4;
const PROVISIONED = 400;
const OPENED = 100;
const STORES = [100, 1_000, 10_000];
const HOST = 'global.azure-devices-provisioning.net';
const { signal } = new AbortController();
const digest = createHash('sha256').update('bench').digest();

type Algorithm = keyof typeof SIGNATURES;

/** Tokens: signing beside a bare pkcs11js loop, handshakes beside a software key, making and opening many. */
export const hsmSuite: Suite = async ({ rounds, log }) => {
  const rows: Row[] = [];
  await using bench = await openBench();
  for (const algorithm of ['ec-p256', 'rsa-2048'] as const) {
    rows.push(signRow(bench, algorithm, rounds, log), await handshakeRow(bench, algorithm, rounds, log));
  }
  rows.push(await provisioningRow(rounds), ...(await openRows(rounds, log)));
  return rows;
};

interface Bench extends AsyncDisposable {
  readonly host: TokenHost;
  readonly store: TokenStore;
}

async function openBench(): Promise<Bench> {
  const made = await ensureTokens({ counts: { 'ec-p256': 1, 'rsa-2048': 1 }, signal });
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(await openScratchDirectory({ name: 'bench' }));
  const tokens = [...made['ec-p256'], ...made['rsa-2048']];
  const store = resources.use(await openTokenStore({ directory: directory.path, tokens }));
  const owned = resources.move();
  return { host: createTokenHost(), store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const tokenOf = ({ store }: Bench, algorithm: Algorithm): StoredToken => {
  const token = store.tokens.find(({ content }) => content === algorithm);
  if (token === undefined) throw new Error(`no ${algorithm} token`);
  return token;
};

/** Our layers and the two bare calls take turns on the same key. */
function signRow(bench: Bench, algorithm: Algorithm, rounds: number, log: (line: string) => void): Row {
  const { keyUri } = tokenOf(bench, algorithm);
  using key = bench.host.openKey(keyUri);
  const bare = bareSigner(keyUri, algorithm);
  const kind = algorithm === 'ec-p256' ? 'ecdsa' : 'rsa-pkcs1';
  const count = SIGNATURES[algorithm];
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const bareRate = rate(count, () => bare.sign());
    const ourRate = rate(count, () => key.signDigest({ kind, hash: 'sha256', digest }));
    if (round === 0) continue; // warm-up
    ours.push(ourRate);
    theirs.push(bareRate);
  }
  bare.close();
  const ratio = medianRatio(ours, theirs);
  log(`${algorithm}: ${median(ours).toFixed(0)} signatures/s, ratio ${ratio.toFixed(2)}`);
  return {
    suite: 'hsm',
    what: `${algorithm} signatures in a token, one thread`,
    figure: `${median(ours).toFixed(0)}/s`,
    peer: `plain pkcs11js loop: ${median(theirs).toFixed(0)}/s`,
    ratio,
    goal: '>= 0.90',
    met: ratio >= 0.9,
  };
}

function rate(count: number, work: () => unknown): number {
  const began = performance.now();
  for (let n = 0; n < count; n += 1) work();
  return (count * 1000) / (performance.now() - began);
}

/** C_SignInit and C_Sign and nothing else. */
function bareSigner(keyUri: string, algorithm: Algorithm): { sign(): Buffer; close(): void } {
  const { modulePath = '', token = '', object = '' } = parsePkcs11Uri(keyUri);
  const module = new pkcs11js.PKCS11();
  module.load(modulePath); // initialised and logged in already
  const slot = module
    .C_GetSlotList(true)
    .find((one) => module.C_GetTokenInfo(one).label.startsWith(`${token} `));
  if (slot === undefined) throw new Error(`no token ${token}`);
  const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
  module.C_FindObjectsInit(session, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    { type: pkcs11js.CKA_LABEL, value: object },
  ]);
  const key = module.C_FindObjects(session);
  module.C_FindObjectsFinal(session);
  if (key === null) throw new Error(`no key ${object}`);
  const ecdsa = algorithm === 'ec-p256';
  const mechanism = { mechanism: ecdsa ? pkcs11js.CKM_ECDSA : pkcs11js.CKM_RSA_PKCS };
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const data = ecdsa ? digest : Buffer.concat([prefix, digest]);
  return {
    sign: () => {
      module.C_SignInit(session, mechanism, key);
      return module.C_Sign(session, data, Buffer.alloc(512));
    },
    close: () => module.C_CloseSession(session),
  };
}

/** Mutual TLS with the key in the token and with one in this process take turns against one server. */
async function handshakeRow(
  bench: Bench,
  algorithm: Algorithm,
  rounds: number,
  log: (line: string) => void,
): Promise<Row> {
  const pki = await createTestPki();
  const { chainPem, privateKeyPem } = await pki.issueServerCertificate({
    names: [HOST],
    addresses: ['127.0.0.1'],
  });
  await using server = startParty(new URL('../parties/null-server.ts', import.meta.url), {
    BENCH_TLS: JSON.stringify({ cert: chainPem, key: privateKeyPem }),
  });
  const { value: port } = await server.call<number>('listen');
  const caPem = pki.bundle.rootPem;
  const endpoint = { hostName: HOST, address: '127.0.0.1', port, caPem, idScope: '', apiVersion: '' };
  const software = await pki.issueDeviceCertificate({ commonName: 'software', keyAlgorithm: algorithm });
  await using module = await tokenIdentity(bench, algorithm, pki);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const soft = await handshakes(endpoint, { cert: software.chainPem, key: software.privateKeyPem });
    const token = await handshakes(endpoint, module.tls);
    if (round === 0) continue; // warm-up
    theirs.push(soft);
    ours.push(token);
  }
  const ratio = medianRatio(ours, theirs);
  log(`${algorithm}: ${median(ours).toFixed(0)} handshakes/s, ratio ${ratio.toFixed(2)}`);
  return {
    suite: 'hsm',
    what: `${algorithm} mutual TLS handshakes, key in a token, ${IN_FLIGHT} in flight`,
    figure: `${median(ours).toFixed(0)}/s`,
    peer: `key in this process: ${median(theirs).toFixed(0)}/s`,
    ratio,
  };
}

async function tokenIdentity(bench: Bench, algorithm: Algorithm, pki: TestPki) {
  const token = tokenOf(bench, algorithm);
  const key = bench.host.openKey(token.keyUri);
  const kind = algorithm === 'ec-p256' ? 'ecdsa' : 'rsa-pkcs1';
  const subjectPublicKeyInfo = key.publicKey().export({ type: 'spki', format: 'der' });
  const hashed = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
  const { chainPem } = await pki.certifyDeviceKey(
    {
      subjectPublicKeyInfo,
      sign: (data) => key.signDigest({ kind, hash: 'sha256', digest: hashed(data) }),
    },
    { commonName: 'token' },
  );
  return openTokenX509(chainPem, key);
}

/** @returns handshakes a second; the contexts are made before, as devices make them */
async function handshakes(endpoint: DpsEndpoint, identity: TlsIdentity): Promise<number> {
  const contexts = Array.from({ length: HANDSHAKES }, () => secureContextFor(endpoint, identity));
  const began = performance.now();
  await inParallel(contexts, IN_FLIGHT, async (context) => {
    const socket = await openTlsConnection(endpoint, context, signal);
    socket.destroy();
  });
  return (HANDSHAKES * 1000) / (performance.now() - began);
}

async function provisioningRow(rounds: number): Promise<Row> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using directory = await openScratchDirectory({ name: 'bench' });
    const began = performance.now();
    await ensureTokens({ counts: { 'ec-p256': PROVISIONED }, cacheDirectory: directory.path, signal });
    rates.push((PROVISIONED * 1000) / (performance.now() - began));
  }
  return {
    suite: 'hsm',
    what: `tokens made, each with an EC key pair, by ${availableParallelism()} processes`,
    figure: `${median(rates).toFixed(0)}/s`,
  };
}

/** What a device waits for: session, login, finding its key. The stores' start-up is beside it. */
async function openRows(rounds: number, log: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  let first: number | undefined;
  for (const count of STORES) {
    log(`a store of ${count} tokens`);
    const { 'ec-p256': tokens } = await ensureTokens({ counts: { 'ec-p256': count }, signal });
    await using directory = await openScratchDirectory({ name: 'bench' });
    const began = performance.now();
    await using store = await openTokenStore({ directory: join(directory.path, 'store'), tokens });
    const startMs = performance.now() - began;
    const openMs = medianOpenMs(store, rounds);
    first ??= openMs;
    const ratio = openMs / first;
    rows.push({
      suite: 'hsm',
      what: `opening a device's token among ${count.toLocaleString('en')}`,
      figure: `${openMs.toFixed(2)} ms (store laid out and started in ${(startMs / 1000).toFixed(1)} s)`,
      peer: `among ${STORES[0]}: ${first.toFixed(2)} ms`,
      ratio,
      goal: '<= 1.20',
      met: ratio <= 1.2,
    });
  }
  return rows;
}

function medianOpenMs({ tokens }: TokenStore, rounds: number): number {
  const host = createTokenHost();
  const step = tokens.length / OPENED;
  const times: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (let n = 0; n < OPENED; n += 1) {
      const began = performance.now();
      const key = host.openKey(tokens[Math.floor(n * step)]?.keyUri ?? '');
      const ms = performance.now() - began;
      key[Symbol.dispose]();
      if (round > 0) times.push(ms); // the first round reads the slots
    }
  }
  return median(times);
}
