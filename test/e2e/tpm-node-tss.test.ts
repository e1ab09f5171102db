import { createHmac, randomBytes } from 'node:crypto';
import { describeResponseCode, type Esys, type EsysTr, esysTr, openEsys, sessionTypes } from 'node-tss';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ByteWriter, toHex } from '../../simulators/kernel/bytes.ts';
import { TpmResponseError } from '../../simulators/kernel/errors.ts';
import {
  activateIdentityKey,
  provisionTpm,
  signWithIdentityKey,
  type TpmIdentity,
} from '../../simulators/tpm/attestation.ts';
import { publishTpm, type TpmBridge } from '../../simulators/tpm/bridge/publish-tpm.ts';
import { parseActivationBlob } from '../../simulators/tpm/codec/activation-blob.ts';
import { emptyPassword } from '../../simulators/tpm/codec/authorization.ts';
import { commands } from '../../simulators/tpm/codec/commands.ts';
import { TPM_CAP, TPM_RH } from '../../simulators/tpm/codec/constants.ts';
import { decodeResponseCode } from '../../simulators/tpm/codec/response-code.ts';
import { makeActivationBlob, makeCredential, parseStorageKey } from '../../simulators/tpm/credential.ts';
import { silenceTssLog } from '../../simulators/tpm/node-tss/testing/swtpm.ts';
import { persistentHandles } from '../../simulators/tpm/templates.ts';
import { createTpmClient, type TpmClient, withPolicySession } from '../../simulators/tpm/tpm-client.ts';
import { openSwtpmProcess, type SwtpmProcess } from '../../simulators/tpm/transports/swtpm-process.ts';

const { endorsementKey, storageRootKey } = persistentHandles;

// tpm2-tss was written by others: where our marshaller and theirs agree on one TPM, neither hides its bugs in the other.
describe('our marshaller and tpm2-tss on the same TPM', () => {
  let swtpm: SwtpmProcess;
  let bridge: TpmBridge;
  let esys: Esys;
  let client: TpmClient;
  let identity: TpmIdentity;

  beforeAll(async () => {
    silenceTssLog();
    swtpm = await openSwtpmProcess();
    client = createTpmClient(swtpm);
    identity = await provisionTpm(client);
    bridge = await publishTpm({ transport: swtpm, endpoints: [{ kind: 'tcp', protocol: 'swtpm', port: 0 }] });
    esys = await openEsys(bridge.endpoints[0]?.tctiString ?? '');
  });
  afterAll(async () => {
    await esys.close();
    await bridge[Symbol.asyncDispose]();
    await swtpm.close();
  });

  it.each([
    ['EK', endorsementKey],
    ['SRK', storageRootKey],
  ])('read the same public area, Name and qualified Name of the %s', async (_what, handle) => {
    const ours = await client.execute(commands.ReadPublic, { objectHandle: handle });
    const theirs = await esys.readPublic(await esys.trFromTpmPublic(handle));
    expect(toHex(ours.outPublic)).toBe(toHex(theirs.publicArea.subarray(2)));
    expect(toHex(ours.name)).toBe(toHex(theirs.name));
    expect(toHex(ours.qualifiedName)).toBe(toHex(theirs.qualifiedName));
  });

  it('read the same properties', async () => {
    const request = { capability: TPM_CAP.TPM_PROPERTIES, property: 0x100, propertyCount: 64 };
    const { capabilityData } = await client.execute(commands.GetCapability, request);
    const theirs = await esys.getTpmProperties(0x100, 64);
    expect(theirs.size).toBeGreaterThan(30);
    expect(capabilityData).toEqual({ kind: 'properties', properties: theirs });
  });

  it('read the same persistent handles, algorithms and commands', async () => {
    for (const [capability, property] of [
      [TPM_CAP.HANDLES, 0x81000000],
      [TPM_CAP.ALGS, 0],
      [TPM_CAP.COMMANDS, 0x11f],
    ] as const) {
      const ours = await client.execute(commands.GetCapability, { capability, property, propertyCount: 200 });
      const theirs = await esys.getCapability(capability, property, 200);
      const bytes = Buffer.from(theirs.capabilityData);
      expect(ours.moreData).toBe(theirs.moreData);
      const values = ((): number => {
        const { capabilityData } = ours;
        if (capabilityData.kind === 'handles') return capabilityData.handles.length;
        if (capabilityData.kind === 'algorithms') return capabilityData.algorithms.length;
        return capabilityData.kind === 'commands' ? capabilityData.commandAttributes.length : -1;
      })();
      expect(bytes.readUInt32BE(4)).toBe(values);
    }
  });

  it('activate the same credential to the same secret', async () => {
    const secret = new Uint8Array(randomBytes(16));
    const { name } = parseStorageKey(identity.storageRootKey);
    const credential = makeCredential(parseStorageKey(identity.endorsementKey), { name, credential: secret });

    const ours = await activateWithOurs(client, credential);
    const theirs = await activateWithTheirs(esys, credential);
    expect(toHex(ours)).toBe(toHex(secret));
    expect(toHex(theirs)).toBe(toHex(secret));
  });

  it('wrap credentials that the other activates', async () => {
    const secret = new Uint8Array(randomBytes(16));
    const ekTr = await esys.trFromTpmPublic(endorsementKey);
    const theirs = await esys.makeCredential(ekTr, secret, parseStorageKey(identity.storageRootKey).name);
    const recovered = await activateWithOurs(client, {
      credentialBlob: theirs.credentialBlob,
      secret: theirs.encryptedSecret,
    });
    expect(toHex(recovered)).toBe(toHex(secret));
  });

  it('take over the key of a DPS challenge, each with its own Import and Load, and sign alike', async () => {
    const hmacKey = new Uint8Array(randomBytes(32));
    const blob = makeActivationBlob({ ...identity, hmacKey, data: new Uint8Array(16) });
    const data = new Uint8Array(randomBytes(100));
    const expected = createHmac('sha256', hmacKey).update(data).digest('hex');

    await activateIdentityKey(client, blob);
    expect(toHex(await signWithIdentityKey(client, data))).toBe(expected);

    const { duplicate, inSymSeed, objectPublic, ...credential } = parseActivationBlob(blob);
    const parent = await esys.trFromTpmPublic(storageRootKey);
    const publicArea = new ByteWriter().sized(objectPublic).finish();
    const encryptionKey = await activateWithTheirs(esys, credential);
    const wrapped = { encryptionKey, publicArea, duplicate, encryptedSeed: inSymSeed };
    const key = await esys.load(parent, await esys.import(parent, wrapped), publicArea);
    expect(toHex(await esys.hmac(key, data))).toBe(expected);
    await esys.flushContext(key);
  });

  it('get the same response code for a credential made for another Name', async () => {
    const name = new Uint8Array(34).fill(0xaa);
    name.set([0, 0x0b]);
    const credential = makeCredential(parseStorageKey(identity.endorsementKey), {
      name,
      credential: new Uint8Array(16),
    });
    const ours = await activateWithOurs(client, credential).catch((error: unknown) => error);
    const theirs = await activateWithTheirs(esys, credential).catch((error: unknown) => error);
    expect(ours).toBeInstanceOf(TpmResponseError);
    expect(theirs).toMatchObject({ layer: 'tpm', responseCode: (ours as TpmResponseError).responseCode });
  });
});

describe('our decoder of response codes and libtss2-rc', () => {
  /** Newer than tpm2-tss 3.2, or without a text there. */
  const unknownThere = new Set([
    'TPM_RC_READ_ONLY',
    'TPM_RC_FW_LIMITED',
    'TPM_RC_SVN_LIMITED',
    'TPM_RC_NOT_USED',
  ]);
  const kindOf: Readonly<Record<string, string>> = {
    'error(2.0)': 'format-0',
    'warn(2.0)': 'warning',
    'error(1.2)': 'tpm12',
    'warn(1.2)': 'tpm12',
  };
  const all = Array.from({ length: 0xfff }, (_, index) => index + 1);
  const parsed = all.map((responseCode) => {
    const text = describeResponseCode(responseCode);
    const [, source = '', index, description = ''] =
      /^tpm:(\w+(?:\([12]\.\d\))?)(?:\((\d|unk)\))?:\s*(.*)$/.exec(text) ?? [];
    return { responseCode, text, source, index, description, ours: decodeResponseCode(responseCode) };
  });

  it('agree on the kind of every code', () => {
    for (const { text, source, description, ours } of parsed) {
      if (source === '' || unknownThere.has(ours.name)) continue;
      if (description.startsWith('Vendor specific')) expect(ours.kind, text).toBe('vendor');
      // A vendor's code without the version bit is one of TPM 1.2 to libtss2-rc.
      else if (ours.kind !== 'vendor') expect(ours.kind, text).toBe(kindOf[source] ?? 'format-1');
    }
  });

  it('agree on what a format-1 code points at, and on its number', () => {
    const pointing = parsed.filter(
      ({ ours, index }) => ours.kind === 'format-1' && index !== undefined && index !== 'unk',
    );
    expect(pointing.length).toBeGreaterThan(1000);
    for (const { text, source, index, ours } of pointing) {
      // A parameter's number has four bits (Part 2 §6.6.2); libtss2-rc 3.2 looks at three.
      expect([ours.subject, (ours.index ?? 0) % 8], text).toEqual([source, Number(index)]);
    }
  });

  it('know the same names: one text there for one name here', () => {
    const named = parsed.filter(
      ({ ours, source, description }) =>
        source !== '' &&
        !description.includes('1.2') &&
        !description.startsWith('Vendor') &&
        !unknownThere.has(ours.name),
    );
    const texts = new Map<string, string>();
    for (const { text, description, ours } of named) {
      const known = !/^\(null\)$|^unknown/.test(description);
      expect(known, `${text}: ${ours.name}`).toBe(!ours.name.startsWith('TPM_RC_0x'));
      if (known) expect(texts.get(ours.name) ?? description, ours.name).toBe(description);
      if (known) texts.set(ours.name, description);
    }
    expect(texts.size).toBeGreaterThan(90);
    // Two codes of TPM 1.2 heritage share their text there: "not currently used".
    expect(new Set(texts.values()).size).toBe(texts.size - 1);
  });
});

interface Credential {
  readonly credentialBlob: Uint8Array;
  readonly secret: Uint8Array;
}

async function activateWithOurs(client: TpmClient, credential: Credential): Promise<Uint8Array> {
  return withPolicySession(client, async (session) => {
    await client.execute(commands.PolicySecret, {
      authHandle: TPM_RH.ENDORSEMENT,
      policySession: session.handle,
    });
    const { certInfo } = await client.execute(commands.ActivateCredential, {
      activateHandle: storageRootKey,
      keyHandle: endorsementKey,
      ...credential,
      authorizations: [emptyPassword, session.authorize()],
    });
    return certInfo;
  });
}

async function activateWithTheirs(esys: Esys, credential: Credential): Promise<Uint8Array> {
  const [ek, srk]: EsysTr[] = [
    await esys.trFromTpmPublic(endorsementKey),
    await esys.trFromTpmPublic(storageRootKey),
  ];
  const session = await esys.startAuthSession({ sessionType: sessionTypes.policy });
  try {
    await esys.policySecret(esysTr.endorsement, session);
    return await esys.activateCredential(
      srk ?? esysTr.none,
      ek ?? esysTr.none,
      [esysTr.password, session],
      credential.credentialBlob,
      credential.secret,
    );
  } finally {
    await esys.flushContext(session);
  }
}
