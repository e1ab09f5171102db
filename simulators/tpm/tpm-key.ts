import type { KeyObject } from 'node:crypto';
import { EnvironmentError, InvariantError, TransportError, toError } from '../kernel/errors.ts';
import type { SignatureHash, SignRequest } from '../tls-key/index.ts';
import type { Scheme } from './codec/algorithm-schemes.ts';
import { TPM_ALG } from './codec/constants.ts';
import type { Signature } from './codec/structures.ts';
import { type DeviceKey, loadUnderSrk, publicKeyOf, signatureBytes, signSync } from './device-keys.ts';
import { createTpmClient, withTransientObject } from './tpm-client.ts';
import type { HostedTpm } from './tpm-host.ts';

/** A key that is loaded in its TPM, ready to sign at once. */
export interface TpmKey extends AsyncDisposable {
  publicKey(): KeyObject;
  /**
   * Signs while the thread stands still, as a TLS handshake needs it.
   *
   * @returns ECDSA: r and s, side by side; RSA: as long as the modulus
   * @throws TpmResponseError when the TPM refuses
   * @throws TransportError `TPM_TIMEOUT`, `TPM_PROCESS_EXITED`, `TPM_BUSY`
   */
  signDigest(request: SignRequest): Uint8Array;
  /** Signatures made so far. */
  readonly signatures: number;
  /** Of the last signature that failed. */
  readonly lastError: Error | undefined;
}

export interface TpmKeyOptions {
  /** How long the thread stands still at most for one signature. Default 2 s: slow chips take 0.5 s. */
  readonly signDeadlineMs?: number;
}

/**
 * Loads a key and keeps it, and its TPM, until it is disposed of.
 *
 * @param tpm disposed of together with the key, and when this fails
 * @throws EnvironmentError when the TPM is one of a pool: those have no state while a handshake goes on
 * @throws TpmResponseError `TPM_RC_INTEGRITY` when another TPM made the key
 */
export async function openTpmKey(
  tpm: HostedTpm,
  key: DeviceKey,
  signal: AbortSignal,
  { signDeadlineMs = 2000 }: TpmKeyOptions = {},
): Promise<TpmKey> {
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(tpm);
  const publicKey = publicKeyOf(key);
  const loaded = await keepLoaded(tpm, key, signal);
  cleanup.defer(loaded.release);
  const resources = cleanup.move();
  let signatures = 0;
  let lastError: Error | undefined;
  return {
    publicKey: () => publicKey,
    signDigest: (request) => {
      try {
        const signature = loaded.sign(
          { digest: request.digest, inScheme: schemeOf(request) },
          signDeadlineMs,
        );
        signatures += 1;
        return signatureBytes(signature);
      } catch (thrown) {
        lastError = toError(thrown);
        throw lastError;
      }
    },
    get signatures() {
      return signatures;
    },
    get lastError() {
      return lastError;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface LoadedKey {
  sign(request: { readonly digest: Uint8Array; readonly inScheme: Scheme }, deadlineMs: number): Signature;
  readonly release: () => Promise<void>;
}

/** Starts a flow on the TPM that ends with the release: until then nobody else gets a turn. */
async function keepLoaded(tpm: HostedTpm, key: DeviceKey, signal: AbortSignal): Promise<LoadedKey> {
  const ready = Promise.withResolvers<LoadedKey['sign']>();
  const released = Promise.withResolvers<undefined>();
  const flow = tpm.use(async (transport) => {
    if (transport.sendSync === undefined) throw cannotSignInHandshakes();
    const load = loadUnderSrk(key);
    await withTransientObject(
      createTpmClient(transport),
      load,
      async ({ objectHandle: keyHandle }) => {
        ready.resolve((request, deadlineMs) => signSync(transport, { keyHandle, ...request }, deadlineMs));
        await released.promise;
      },
      signal,
    );
  }, signal);
  flow.catch(ready.reject);
  const sign = await ready.promise;
  return {
    sign,
    release: async () => {
      released.resolve(undefined);
      // What a TPM that has died meanwhile says to the flush is of no interest any more.
      await flow.catch((error: unknown) => {
        if (!(error instanceof TransportError)) throw error;
      });
    },
  };
}

const cannotSignInHandshakes = (): EnvironmentError =>
  new EnvironmentError('tpm', 'the TPMs of this host cannot sign in TLS handshakes', {
    hint: 'Set mode = "dedicated" in [tpm]: X.509 keys in a TPM need a live swtpm for each device.',
  });

const hashAlgorithms: Partial<Record<SignatureHash, number>> = {
  sha1: TPM_ALG.SHA1,
  sha256: TPM_ALG.SHA256,
  sha384: TPM_ALG.SHA384,
  sha512: TPM_ALG.SHA512,
};

function schemeOf(request: SignRequest): Scheme {
  const hashAlg = hashAlgorithms[request.hash];
  if (hashAlg === undefined) throw new InvariantError(`no TPM signs with ${request.hash}`);
  switch (request.kind) {
    case 'ecdsa':
      return { algorithm: TPM_ALG.ECDSA, hashAlg };
    case 'rsa-pkcs1':
      return { algorithm: TPM_ALG.RSASSA, hashAlg };
    case 'rsa-pss':
      // libtpms takes a salt as long as the digest, as TLS 1.3 demands, and MGF1 with the same hash.
      if (request.saltLength !== request.digest.length || request.mgf1Hash !== request.hash) {
        throw new InvariantError('a TPM signs PSS with a salt as long as the digest, and one hash');
      }
      return { algorithm: TPM_ALG.RSAPSS, hashAlg };
  }
}
