import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../kernel/bytes.ts';
import { activateIdentityKey, provisionTpm, readIdentity, signWithIdentityKey } from './attestation.ts';
import { encodeActivationBlob, parseActivationBlob } from './codec/activation-blob.ts';
import { emptyPassword } from './codec/authorization.ts';
import { commands } from './codec/commands.ts';
import { TPM_CAP, TPM_HANDLE_RANGE, TPM_RH } from './codec/constants.ts';
import { decodeTpm2bPublic, encodeTpm2bPublic, publicAreaBytes } from './codec/public-area.ts';
import { makeActivationBlob, makeCredential, objectName, parseStorageKey } from './credential.ts';
import { persistentHandles } from './templates.ts';
import { createTpmClient, type TpmClient, withPolicySession } from './tpm-client.ts';
import type { TpmTransport } from './transport.ts';
import { openSwtpmProcess } from './transports/swtpm-process.ts';

const hmacKey = new Uint8Array(32).fill(0x22);
const data = utf8('example.azure-devices.net');
const softwareHmac = (key: Uint8Array, input: Uint8Array): string =>
  createHmac('sha256', key).update(input).digest('hex');

/** Handles of sessions and transient objects that are in the TPM's memory. */
async function loadedHandles(client: TpmClient): Promise<readonly number[]> {
  const handles: number[] = [];
  for (const property of [TPM_HANDLE_RANGE.LOADED_SESSION, TPM_HANDLE_RANGE.TRANSIENT]) {
    const request = { capability: TPM_CAP.HANDLES, property, propertyCount: 100 };
    const { capabilityData } = await client.execute(commands.GetCapability, request);
    if (capabilityData.kind === 'handles') handles.push(...capabilityData.handles);
  }
  return handles;
}

/** Counts commands, and can do something when a certain one goes by. */
function observed(transport: TpmTransport, onSend: (ordinal: number) => void = () => undefined) {
  const counter = { sent: 0 };
  const observer: TpmTransport = {
    send: (command, signal) => {
      counter.sent += 1;
      onSend(counter.sent);
      return transport.send(command, signal);
    },
    close: () => transport.close(),
    [Symbol.asyncDispose]: () => transport.close(),
  };
  return { client: createTpmClient(observer), counter };
}

describe('a TPM with RSA keys', () => {
  const opened = new AsyncDisposableStack();
  let transport: TpmTransport;
  let client: TpmClient;
  let endorsementKey: Uint8Array;
  let storageRootKey: Uint8Array;
  const challenge = (key = hmacKey): Uint8Array =>
    makeActivationBlob({ endorsementKey, storageRootKey, hmacKey: key, data });

  beforeAll(async () => {
    transport = opened.use(await openSwtpmProcess());
    client = createTpmClient(transport);
    ({ endorsementKey, storageRootKey } = await provisionTpm(client));
  });

  afterAll(async () => {
    try {
      expect(await loadedHandles(client)).toEqual([]);
    } finally {
      await opened.disposeAsync();
    }
  });

  it('shows the EK and SRK that were provisioned', async () => {
    expect(await readIdentity(client)).toEqual({ endorsementKey, storageRootKey });
    expect([endorsementKey.length, storageRootKey.length]).toEqual([316, 284]);
    expect(Buffer.from(endorsementKey).toString('base64')).toMatch(/^AToAAQALAAMAsgAg/);
  });

  it('refuses to be provisioned twice', async () => {
    await expect(provisionTpm(client)).rejects.toMatchObject({ code: 'TPM_RC_NV_DEFINED' });
  });

  it.each([0, 4, 1024, 1025, 2048, 5000])('signs %i bytes with the key that it took over', async (length) => {
    await activateIdentityKey(client, challenge());
    const input = randomBytes(length);
    expect(toHex(await signWithIdentityKey(client, input))).toBe(softwareHmac(hmacKey, input));
  });

  it('replaces the identity key by the next one', async () => {
    const next = randomBytes(32);
    await activateIdentityKey(client, challenge());
    await activateIdentityKey(client, challenge(next));
    expect(toHex(await signWithIdentityKey(client, data))).toBe(softwareHmac(next, data));
  });

  it('takes a key whose public area has the policy of the sample server', async () => {
    const blob = makeActivationBlob({ endorsementKey, storageRootKey, hmacKey, data, policy: 'duplicate' });
    await activateIdentityKey(client, blob);
    expect(toHex(await signWithIdentityKey(client, data))).toBe(softwareHmac(hmacKey, data));
  });

  it('activates in eight commands and signs in one', async () => {
    const { client: counting, counter } = observed(transport);
    await activateIdentityKey(counting, challenge());
    expect(counter.sent).toBe(8);
    await signWithIdentityKey(counting, data);
    expect(counter.sent).toBe(9);
  });

  it('refuses a challenge for another SRK, and keeps the key it has', async () => {
    await activateIdentityKey(client, challenge());
    // The same key under another Name, so that nothing but the Name can be what is refused.
    const otherName = encodeTpm2bPublic({
      ...decodeTpm2bPublic(storageRootKey),
      authPolicy: new Uint8Array(32),
    });
    const blob = makeActivationBlob({ endorsementKey, storageRootKey: otherName, hmacKey, data });
    await expect(activateIdentityKey(client, blob)).rejects.toMatchObject({
      code: 'TPM_RC_INTEGRITY',
      command: 'TPM2_ActivateCredential',
    });
    expect(toHex(await signWithIdentityKey(client, data))).toBe(softwareHmac(hmacKey, data));
  });

  it('refuses a tampered duplicate in TPM2_Import', async () => {
    const fields = parseActivationBlob(challenge());
    const duplicate = fields.duplicate.slice();
    duplicate[100] = (duplicate[100] ?? 0) ^ 1;
    const blob = encodeActivationBlob({ ...fields, duplicate });
    await expect(activateIdentityKey(client, blob)).rejects.toMatchObject({
      code: 'TPM_RC_INTEGRITY',
      command: 'TPM2_Import',
    });
  });

  it('leaves no session behind, however often the challenge is for another EK', async () => {
    // The SRK in place of the EK: what was encrypted to it, the EK cannot decrypt. A TPM has room for three sessions.
    const blob = makeActivationBlob({ endorsementKey: storageRootKey, storageRootKey, hmacKey, data });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(activateIdentityKey(client, blob)).rejects.toMatchObject({
        command: 'TPM2_ActivateCredential',
        // What libtpms 0.9 and 0.10 make of an OAEP failure.
        code: expect.stringMatching(/^TPM_RC_(FAILURE|VALUE|INTEGRITY)$/) as string,
      });
    }
    expect(await loadedHandles(client)).toEqual([]);
    await activateIdentityKey(client, challenge());
  });

  it('refuses a malformed blob before it asks the TPM', async () => {
    const { client: counting, counter } = observed(transport);
    await expect(activateIdentityKey(counting, challenge().subarray(0, 700))).rejects.toMatchObject({
      code: 'CODEC',
    });
    expect(counter.sent).toBe(0);
  });

  it.each([1, 2, 3, 4])('leaves nothing behind when it is aborted at command %i', async (ordinal) => {
    const abort = new AbortController();
    const { client: aborting } = observed(transport, (sent) => {
      if (sent === ordinal) abort.abort();
    });
    const activation = activateIdentityKey(aborting, challenge(), abort.signal);
    await expect(activation).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await loadedHandles(client)).toEqual([]);
  });

  it.each([5, 6, 7, 8])('goes on to the end when it is aborted at command %i', async (ordinal) => {
    const key = randomBytes(32);
    const abort = new AbortController();
    const { client: aborting } = observed(transport, (sent) => {
      if (sent === ordinal) abort.abort();
    });
    await activateIdentityKey(aborting, challenge(key), abort.signal);
    expect(await loadedHandles(client)).toEqual([]);
    expect(toHex(await signWithIdentityKey(client, data))).toBe(softwareHmac(key, data));
  });

  it.each([1, 2, 3])('leaves no sequence behind when signing is aborted at command %i', async (ordinal) => {
    await activateIdentityKey(client, challenge());
    const abort = new AbortController();
    const { client: aborting } = observed(transport, (sent) => {
      if (sent === ordinal) abort.abort();
    });
    const signing = signWithIdentityKey(aborting, randomBytes(3000), abort.signal);
    await expect(signing).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await loadedHandles(client)).toEqual([]);
  });

  it('gives back a credential that was made for its EK, and has the Name that was computed for its SRK', async () => {
    const [activateHandle, keyHandle] = [persistentHandles.storageRootKey, persistentHandles.endorsementKey];
    const { name } = await client.execute(commands.ReadPublic, { objectHandle: activateHandle });
    expect(objectName(publicAreaBytes(storageRootKey))).toEqual(new Uint8Array(name));
    const credential = randomBytes(20);
    const made = makeCredential(parseStorageKey(endorsementKey), { name, credential });
    const { certInfo } = await withPolicySession(client, async (session) => {
      const policySecret = { authHandle: TPM_RH.ENDORSEMENT, policySession: session.handle };
      await client.execute(commands.PolicySecret, policySecret);
      const authorizations = [emptyPassword, session.authorize()];
      return client.execute(commands.ActivateCredential, {
        activateHandle,
        keyHandle,
        authorizations,
        ...made,
      });
    });
    expect(toHex(certInfo)).toBe(toHex(credential));
  });

  it('flushes a policy session that no command closed', async () => {
    const open = await withPolicySession(client, async (session) => {
      expect(await loadedHandles(client)).toEqual([session.handle]);
      return session;
    });
    expect(await loadedHandles(client)).not.toContain(open.handle);
  });

  it('flushes a policy session when its use fails', async () => {
    const failure = new Error('in between');
    await expect(withPolicySession(client, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await loadedHandles(client)).toEqual([]);
  });
});

describe('a TPM with P-256 keys', () => {
  it('takes over a key through an ECDH exchange', async () => {
    await using transport = await openSwtpmProcess();
    const client = createTpmClient(transport);
    const { endorsementKey, storageRootKey } = await provisionTpm(client, { algorithm: 'ecc' });
    for (let round = 0; round < 5; round += 1) {
      const key = randomBytes(32);
      await activateIdentityKey(
        client,
        makeActivationBlob({ endorsementKey, storageRootKey, hmacKey: key, data }),
      );
      expect(toHex(await signWithIdentityKey(client, data))).toBe(softwareHmac(key, data));
    }
    expect(await loadedHandles(client)).toEqual([]);
  });
});

describe('a new TPM', () => {
  it('says by name that it has neither EK nor identity key', async () => {
    await using transport = await openSwtpmProcess();
    const client = createTpmClient(transport);
    const missing = { code: 'TPM_RC_HANDLE', subject: 'handle', index: 1 };
    await expect(readIdentity(client)).rejects.toMatchObject({ ...missing, command: 'TPM2_ReadPublic' });
    await expect(signWithIdentityKey(client, data)).rejects.toMatchObject({
      ...missing,
      command: 'TPM2_HMAC',
    });
  });
});
