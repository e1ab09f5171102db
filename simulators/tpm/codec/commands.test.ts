import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../test/vectors/tpm/commands.json' with { type: 'json' };
import { fromHex, toHex, utf8 } from '../../kernel/bytes.ts';
import { CodecError, TpmResponseError } from '../../kernel/errors.ts';
import { deviceKeyTemplates, templates } from '../templates.ts';
import { AES_128_CFB } from './algorithm-schemes.ts';
import { emptyPassword, password, policySession } from './authorization.ts';
import { type Authorized, decodeResponse, encodeCommand, type TpmCommand } from './command.ts';
import { commands } from './commands.ts';
import { TPM_ALG, TPM_CAP, TPM_PT, TPM_RH, TPM_SE, TPM_SU } from './constants.ts';
import { encodePublicArea } from './public-area.ts';

interface Exchange {
  readonly commandName: string;
  readonly encoded: Uint8Array;
  decode(response: Uint8Array): unknown;
}

function exchange<Request extends Authorized, Result>(
  command: TpmCommand<Request, Result>,
  request: Request,
): Exchange {
  return {
    commandName: command.name,
    encoded: encodeCommand(command, request),
    decode: (response) => decodeResponse(command, response),
  };
}

const { secret, credentialBlob, objectPublic, duplicate, inSymSeed } = vectors.activationBlob;
const [endorsementKey, storageRootKey, identityKey] = [0x81010001, 0x81000001, 0x81000100];
const noBytes = new Uint8Array(0);
const anything = (capability: number, property: number, propertyCount: number): Exchange =>
  exchange(commands.GetCapability, { capability, property, propertyCount });
const loadedPrivate = decodeResponse(commands.Import, fromHex(vectors.exchanges.Import.response)).outPrivate;

const exchanges: Record<keyof typeof vectors.exchanges, Exchange> = {
  Startup: exchange(commands.Startup, { startupType: TPM_SU.CLEAR }),
  Shutdown: exchange(commands.Shutdown, { shutdownType: TPM_SU.CLEAR }),
  SelfTest: exchange(commands.SelfTest, { fullTest: true }),
  GetRandom: exchange(commands.GetRandom, { bytesRequested: 20 }),
  'GetCapability properties': anything(TPM_CAP.TPM_PROPERTIES, TPM_PT.PERMANENT, 127),
  'GetCapability handles': anything(TPM_CAP.HANDLES, 0x40000000, 10),
  'GetCapability algorithms': anything(TPM_CAP.ALGS, 0, 5),
  'GetCapability commands': anything(TPM_CAP.COMMANDS, 0x11f, 5),
  'GetCapability pcrs': anything(TPM_CAP.PCRS, 0, 5),
  PCR_Read: exchange(commands.PCR_Read, { pcrSelectionIn: [{ hashAlg: TPM_ALG.SHA256, pcrs: [0, 7] }] }),
  'CreatePrimary RSA EK': createPrimary(TPM_RH.ENDORSEMENT, encodePublicArea(templates.endorsementKey)),
  'CreatePrimary RSA SRK': createPrimary(TPM_RH.OWNER, encodePublicArea(templates.storageRootKey)),
  'CreatePrimary ECC EK': createPrimary(TPM_RH.ENDORSEMENT, encodePublicArea(templates.endorsementKeyEcc)),
  EvictControl: exchange(commands.EvictControl, {
    auth: TPM_RH.OWNER,
    objectHandle: 0x80000000,
    persistentHandle: endorsementKey,
  }),
  FlushContext: exchange(commands.FlushContext, { flushHandle: 0x80000000 }),
  'ReadPublic EK': exchange(commands.ReadPublic, { objectHandle: endorsementKey }),
  'ReadPublic SRK': exchange(commands.ReadPublic, { objectHandle: storageRootKey }),
  'ReadPublic identity key': exchange(commands.ReadPublic, { objectHandle: identityKey }),
  StartAuthSession: exchange(commands.StartAuthSession, {
    tpmKey: TPM_RH.NULL,
    bind: TPM_RH.NULL,
    nonceCaller: new Uint8Array(20).fill(0x55),
    sessionType: TPM_SE.POLICY,
    authHash: TPM_ALG.SHA256,
  }),
  PolicySecret: exchange(commands.PolicySecret, {
    authHandle: TPM_RH.ENDORSEMENT,
    policySession: 0x03000000,
  }),
  ActivateCredential: exchange(commands.ActivateCredential, {
    activateHandle: storageRootKey,
    keyHandle: endorsementKey,
    authorizations: [emptyPassword, policySession(0x03000000, true)],
    credentialBlob: fromHex(credentialBlob),
    secret: fromHex(secret),
  }),
  Import: exchange(commands.Import, {
    parentHandle: storageRootKey,
    encryptionKey: fromHex(vectors.innerKey),
    objectPublic: fromHex(objectPublic),
    duplicate: fromHex(duplicate),
    inSymSeed: fromHex(inSymSeed),
    symmetricAlg: AES_128_CFB,
  }),
  'Create EC key': create(encodePublicArea(deviceKeyTemplates['ec-p256'])),
  'Create RSA key': create(encodePublicArea(deviceKeyTemplates['rsa-2048'])),
  'Create HMAC key': create(encodePublicArea(deviceKeyTemplates.hmac), utf8('key'.repeat(8))),
  Unseal: exchange(commands.Unseal, { itemHandle: 0x80000001 }),
  'Sign ECDSA': sign(TPM_ALG.ECDSA),
  'Sign RSASSA': sign(TPM_ALG.RSASSA),
  'Sign RSAPSS': sign(TPM_ALG.RSAPSS),
  Load: exchange(commands.Load, {
    parentHandle: storageRootKey,
    inPrivate: loadedPrivate,
    inPublic: fromHex(objectPublic),
  }),
  HMAC: exchange(commands.HMAC, { handle: identityKey, buffer: utf8('data'), hashAlg: TPM_ALG.SHA256 }),
  HMAC_Start: exchange(commands.HMAC_Start, { handle: identityKey, auth: noBytes, hashAlg: TPM_ALG.SHA256 }),
  SequenceUpdate: exchange(commands.SequenceUpdate, { sequenceHandle: 0x80000001, buffer: utf8('da') }),
  SequenceComplete: exchange(commands.SequenceComplete, {
    sequenceHandle: 0x80000001,
    buffer: utf8('ta'),
    hierarchy: TPM_RH.NULL,
  }),
  NV_ReadPublic: exchange(commands.NV_ReadPublic, { nvIndex: 0x01500016 }),
  DictionaryAttackLockReset: exchange(commands.DictionaryAttackLockReset, { lockHandle: TPM_RH.LOCKOUT }),
  DictionaryAttackParameters: exchange(commands.DictionaryAttackParameters, {
    lockHandle: TPM_RH.LOCKOUT,
    newMaxTries: 5,
    newRecoveryTimeSeconds: 6,
    lockoutRecoverySeconds: 7,
  }),
  ChangeEPS: exchange(commands.ChangeEPS, { authHandle: TPM_RH.PLATFORM }),
  Clear: exchange(commands.Clear, { authHandle: TPM_RH.PLATFORM }),
  HierarchyChangeAuth: exchange(commands.HierarchyChangeAuth, {
    authHandle: TPM_RH.ENDORSEMENT,
    newAuth: utf8('secret'),
  }),
  HierarchyControl: exchange(commands.HierarchyControl, {
    authHandle: TPM_RH.PLATFORM,
    enable: TPM_RH.ENDORSEMENT,
    state: false,
  }),
};

function createPrimary(primaryHandle: number, inPublic: Uint8Array): Exchange {
  return exchange(commands.CreatePrimary, { primaryHandle, inPublic });
}

function create(inPublic: Uint8Array, data: Uint8Array = noBytes): Exchange {
  return exchange(commands.Create, { parentHandle: storageRootKey, inPublic, data });
}

function sign(algorithm: number): Exchange {
  return exchange(commands.Sign, {
    keyHandle: 0x80000001,
    digest: new Uint8Array(32).fill(0x5a),
    inScheme: { algorithm, hashAlg: TPM_ALG.SHA256 },
  });
}

const cases = Object.entries(exchanges).map(([title, made]) => ({
  title,
  made,
  recorded: vectors.exchanges[title as keyof typeof vectors.exchanges],
}));
const response = (title: keyof typeof vectors.exchanges): Uint8Array =>
  fromHex(vectors.exchanges[title].response);

describe('encodeCommand', () => {
  it.each(cases)('encodes $title as another implementation does', ({ made, recorded }) => {
    expect(toHex(made.encoded)).toBe(recorded.command);
  });

  it('puts the password into the authorization area', () => {
    const command = encodeCommand(commands.Clear, {
      authHandle: TPM_RH.PLATFORM,
      authorizations: [password(utf8('pw'))],
    });
    expect(toHex(command)).toBe('80020000001d000001264000000c0000000b400000090000010002' + '7077');
  });
});

describe('the table of commands', () => {
  it('has a vector for every command', () => {
    const covered = new Set(cases.map(({ made }) => made.commandName));
    expect(Object.values(commands).filter(({ name }) => !covered.has(name))).toEqual([]);
  });
});

describe('decodeResponse', () => {
  it.each(cases)('decodes what a TPM answered to $title', ({ made, recorded }) => {
    expect(() => made.decode(fromHex(recorded.response))).not.toThrow();
  });

  it('gives the fields of a response', () => {
    expect(decodeResponse(commands.StartAuthSession, response('StartAuthSession')).sessionHandle).toBe(
      0x03000000,
    );
    expect(toHex(decodeResponse(commands.ActivateCredential, response('ActivateCredential')).certInfo)).toBe(
      vectors.innerKey,
    );
    expect(decodeResponse(commands.Sign, response('Sign RSAPSS')).signature).toMatchObject({
      kind: 'rsa',
      algorithm: TPM_ALG.RSAPSS,
      hashAlg: TPM_ALG.SHA256,
      sig: expect.objectContaining({ length: 256 }) as Uint8Array,
    });
    expect(decodeResponse(commands.HMAC, response('HMAC')).outHMAC).toEqual(
      decodeResponse(commands.SequenceComplete, response('SequenceComplete')).result,
    );
    expect(toHex(decodeResponse(commands.ReadPublic, response('ReadPublic identity key')).outPublic)).toBe(
      vectors.activationBlob.objectPublic,
    );
    expect(decodeResponse(commands.NV_ReadPublic, response('NV_ReadPublic')).nvPublic).toMatchObject({
      nvIndex: 0x01500016,
      nameAlg: TPM_ALG.SHA256,
      dataSize: 8,
    });
    const { pcrSelectionOut, pcrValues } = decodeResponse(commands.PCR_Read, response('PCR_Read'));
    expect(pcrSelectionOut).toEqual([{ hashAlg: TPM_ALG.SHA256, pcrs: [0, 7] }]);
    expect(pcrValues.map((value) => value.length)).toEqual([32, 32]);
  });

  it.each([
    ['properties', 'properties'],
    ['handles', 'handles'],
    ['algorithms', 'algorithms'],
    ['commands', 'commands'],
    ['pcrs', 'pcrs'],
  ] as const)('takes the capability %s apart', (title, kind) => {
    const { capabilityData } = decodeResponse(commands.GetCapability, response(`GetCapability ${title}`));
    expect(capabilityData.kind).toBe(kind);
  });

  it('throws what the TPM said, by name, subject and index', () => {
    expect(() => decodeResponse(commands.ActivateCredential, fromHex('80010000000a000001df'))).toThrow(
      expect.objectContaining({
        code: 'TPM_RC_INTEGRITY',
        command: 'TPM2_ActivateCredential',
        subject: 'parameter',
        index: 1,
      }),
    );
  });

  it('names the place where a response is malformed', () => {
    const wrongSize = fromHex('80010000000b00000000');
    expect(() => decodeResponse(commands.Clear, wrongSize)).toThrow(expect.objectContaining({ offset: 2 }));
    // A session tag in front of a response without sessions.
    const wrongTag = fromHex('80020000000a00000000');
    expect(() => decodeResponse(commands.Startup, wrongTag)).toThrow(expect.objectContaining({ offset: 0 }));
  });

  it.each(cases)('refuses every truncation of the response to $title', ({ made, recorded }) => {
    const whole = fromHex(recorded.response);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => made.decode(whole.subarray(0, length))).toThrow(CodecError);
      if (length >= 10) expect(() => made.decode(resized(whole.slice(0, length)))).toThrow(CodecError);
    }
  });

  it('throws nothing but peer errors, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.uint8Array({ maxLength: 64 }),
        fc.nat(),
        ({ made, recorded }, noise, seed) => {
          const answer = fromHex(recorded.response);
          // Behind the header, which is checked before anything else.
          const position = 10 + (seed % (answer.length - 9));
          answer.set(noise.subarray(0, answer.length - position), position);
          expectPeerErrorOrNothing(() => made.decode(answer));
          expectPeerErrorOrNothing(() => made.decode(noise));
        },
      ),
    );
  });
});

function resized(response: Uint8Array): Uint8Array {
  new DataView(response.buffer).setUint32(2, response.length);
  return response;
}

function expectPeerErrorOrNothing(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error instanceof CodecError || error instanceof TpmResponseError).toBe(true);
  }
}
