import { createHash, type KeyObject } from 'node:crypto';
import { concatBytes } from '../kernel/bytes.ts';
import { CodecError, TransportError } from '../kernel/errors.ts';
import type { Scheme } from './codec/algorithm-schemes.ts';
import { decodeResponse, encodeCommand } from './codec/command.ts';
import { commands } from './codec/commands.ts';
import { TPM_ALG } from './codec/constants.ts';
import { decodePublicArea, encodePublicArea } from './codec/public-area.ts';
import type { Signature } from './codec/structures.ts';
import { toKeyObject } from './storage-key.ts';
import { deviceKeyTemplates, persistentHandles } from './templates.ts';
import { type TpmClient, withTransientObject } from './tpm-client.ts';
import type { TpmTransport } from './transport.ts';

/** A key under the SRK: only the TPM that made it can load it. Not in the TPM until it is loaded. */
export interface DeviceKey {
  /** TPM2B_PRIVATE without its size field, encrypted by the SRK. */
  readonly inPrivate: Uint8Array;
  /** TPMT_PUBLIC. */
  readonly inPublic: Uint8Array;
}

export type SigningKeyAlgorithm = 'ec-p256' | 'rsa-2048';

/**
 * Has the TPM make a key that signs. About 1 ms for P-256, 50 to 300 ms for RSA-2048.
 *
 * @throws TpmResponseError `TPM_RC_HANDLE` when the TPM has no SRK
 */
export async function createSigningKey(
  client: TpmClient,
  algorithm: SigningKeyAlgorithm,
  signal?: AbortSignal,
): Promise<DeviceKey & { readonly publicKey: KeyObject }> {
  const key = await create(client, deviceKeyTemplates[algorithm], undefined, signal);
  return { ...key, publicKey: publicKeyOf(key) };
}

/**
 * Has the TPM take over a symmetric key, for HMAC-SHA256 only. It cannot be read back.
 *
 * @param secret at most 64 bytes, the block of SHA-256
 * @throws TpmResponseError `TPM_RC_SIZE` when it is longer
 */
export const wrapHmacKey = (
  client: TpmClient,
  secret: Uint8Array,
  signal?: AbortSignal,
): Promise<DeviceKey> => create(client, deviceKeyTemplates.hmac, secret, signal);

/**
 * HMAC-SHA256 with a wrapped key, which is in the TPM for as long as that takes.
 *
 * @param data at most 1024 bytes
 * @returns 32 bytes
 */
export const signWithHmacKey = (
  client: TpmClient,
  key: DeviceKey,
  data: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> =>
  withTransientObject(
    client,
    loadUnderSrk(key),
    async ({ objectHandle: handle }) => {
      const request = { handle, buffer: data, hashAlg: TPM_ALG.SHA256 };
      return (await client.execute(commands.HMAC, request, signal)).outHMAC;
    },
    signal,
  );

/**
 * Signs data with SHA-256, without hurry: for certificates and their requests.
 *
 * @returns ECDSA: r and s, 64 bytes; RSA: PKCS#1 v1.5
 */
export const signDataWithKey = (
  client: TpmClient,
  key: DeviceKey,
  data: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> =>
  withTransientObject(
    client,
    loadUnderSrk(key),
    async ({ objectHandle: keyHandle }) => {
      const algorithm = publicKeyOf(key).asymmetricKeyType === 'rsa' ? TPM_ALG.RSASSA : TPM_ALG.ECDSA;
      const digest = createHash('sha256').update(data).digest();
      const request = { keyHandle, digest, inScheme: { algorithm, hashAlg: TPM_ALG.SHA256 } };
      return signatureBytes((await client.execute(commands.Sign, request, signal)).signature);
    },
    signal,
  );

/** A signature by a key of these templates as TLS and certificates take it: r and s side by side, or RSA's number. */
export const signatureBytes = (signature: Signature): Uint8Array =>
  signature.kind === 'rsa' ? signature.sig : concatBytes(coordinate(signature.r), coordinate(signature.s));

/** Of P-256: 32 bytes, whether the TPM leaves zeros in front away or not. */
const coordinate = (number: Uint8Array): Uint8Array =>
  concatBytes(new Uint8Array(Math.max(0, 32 - number.length)), number);

/** What {@link withTransientObject} needs to load the key. */
export const loadUnderSrk = (key: DeviceKey) => ({
  command: commands.Load,
  request: { parentHandle: persistentHandles.storageRootKey, ...key },
});

/** @throws CodecError when the public area is none of an RSA or ECC key */
export function publicKeyOf({ inPublic }: DeviceKey): KeyObject {
  const area = decodePublicArea(inPublic);
  if (area.kind === 'keyedhash')
    throw new CodecError('a keyed hash has no public key', 0, 'an RSA or ECC key');
  return toKeyObject(area);
}

/**
 * Signs a digest with a loaded key while the thread stands still.
 *
 * @throws TpmResponseError, CodecError
 * @throws TransportError when no answer comes in time, or the way to the TPM has no synchronous form (`TPM_ASYNC_ONLY`)
 */
export function signSync(
  transport: TpmTransport,
  request: { readonly keyHandle: number; readonly digest: Uint8Array; readonly inScheme: Scheme },
  deadlineMs: number,
): Signature {
  if (transport.sendSync === undefined) {
    throw new TransportError('tpm', 'TPM_ASYNC_ONLY', 'this way to a TPM cannot be used in a TLS handshake');
  }
  const response = transport.sendSync(encodeCommand(commands.Sign, request), deadlineMs);
  return decodeResponse(commands.Sign, response).signature;
}

async function create(
  client: TpmClient,
  template: (typeof deviceKeyTemplates)[keyof typeof deviceKeyTemplates],
  data: Uint8Array | undefined,
  signal: AbortSignal | undefined,
): Promise<DeviceKey> {
  const { outPrivate, outPublic } = await client.execute(
    commands.Create,
    {
      parentHandle: persistentHandles.storageRootKey,
      inPublic: encodePublicArea(template),
      ...(data === undefined ? {} : { data }),
    },
    signal,
  );
  return { inPrivate: outPrivate, inPublic: outPublic };
}
