import { type Scheme, type SymmetricDefinition, writeScheme, writeSymmetric } from './algorithm-schemes.ts';
import { defineCommand } from './command.ts';
import { TPM_ST } from './constants.ts';
import {
  encodeSensitiveCreate,
  type PcrSelection,
  readCapabilityData,
  readList,
  readPcrSelections,
  readSignature,
  readTicket,
  readTpm2bNvPublic,
  writeNullTicket,
  writePcrSelections,
} from './structures.ts';

const empty = new Uint8Array(0);

/**
 * The commands that this codec knows, in the order of Part 3 (sections of revision 1.59). Names of handles, parameters and results are those of
 * Part 3; a TPM2B stands for its content, without the size field. A new command is one entry here and a vector in
 * test/vectors/tpm/commands.json.
 */
export const commands = {
  /** Part 3 §9.3. */
  Startup: defineCommand({
    name: 'TPM2_Startup',
    code: 0x144,
    parameters: (writer, { startupType }: { readonly startupType: number }) => writer.u16(startupType),
  }),

  /** Part 3 §9.4. */
  Shutdown: defineCommand({
    name: 'TPM2_Shutdown',
    code: 0x145,
    parameters: (writer, { shutdownType }: { readonly shutdownType: number }) => writer.u16(shutdownType),
  }),

  /** Part 3 §10.2. After it, no later command is slowed down by the self-test of its algorithm. */
  SelfTest: defineCommand({
    name: 'TPM2_SelfTest',
    code: 0x143,
    parameters: (writer, { fullTest }: { readonly fullTest: boolean }) => writer.u8(fullTest ? 1 : 0),
  }),

  /** Part 3 §11.1. */
  StartAuthSession: defineCommand({
    name: 'TPM2_StartAuthSession',
    code: 0x176,
    handles: ['tpmKey', 'bind'],
    parameters: (
      writer,
      p: {
        /** At least 16 bytes. */
        readonly nonceCaller: Uint8Array;
        readonly encryptedSalt?: Uint8Array;
        /** TPM_SE. */
        readonly sessionType: number;
        /** For parameter encryption; TPM_ALG_NULL when absent. */
        readonly symmetric?: SymmetricDefinition;
        readonly authHash: number;
      },
    ) => {
      writer
        .sized(p.nonceCaller)
        .sized(p.encryptedSalt ?? empty)
        .u8(p.sessionType);
      writeSymmetric(writer, p.symmetric);
      writer.u16(p.authHash);
    },
    responseHandle: true,
    result: (reader, sessionHandle) => ({ sessionHandle, nonceTPM: reader.sized('nonceTPM') }),
  }),

  /** Part 3 §12.1, without outsideInfo and PCRs. `data` is the key of an HMAC object, which the TPM does not make. */
  Create: defineCommand({
    name: 'TPM2_Create',
    code: 0x153,
    handles: ['@parentHandle'],
    parameters: (
      writer,
      p: { readonly userAuth?: Uint8Array; readonly data?: Uint8Array; readonly inPublic: Uint8Array },
    ) => {
      writer
        .sized(encodeSensitiveCreate(p.userAuth ?? empty, p.data ?? empty))
        .sized(p.inPublic)
        .sized(empty);
      writePcrSelections(writer, []);
    },
    result: (reader) => ({
      /** Encrypted by the parent: good in this TPM only. */
      outPrivate: reader.sized('outPrivate'),
      /** TPMT_PUBLIC. */
      outPublic: reader.sized('outPublic'),
      creationData: reader.sized('creationData'),
      creationHash: reader.sized('creationHash'),
      creationTicket: readTicket(reader),
    }),
  }),

  /** Part 3 §12.2. */
  Load: defineCommand({
    name: 'TPM2_Load',
    code: 0x157,
    handles: ['@parentHandle'],
    parameters: (writer, p: { readonly inPrivate: Uint8Array; readonly inPublic: Uint8Array }) =>
      writer.sized(p.inPrivate).sized(p.inPublic),
    responseHandle: true,
    result: (reader, objectHandle) => ({ objectHandle, name: reader.sized('name') }),
  }),

  /** Part 3 §12.4. */
  ReadPublic: defineCommand({
    name: 'TPM2_ReadPublic',
    code: 0x173,
    handles: ['objectHandle'],
    result: (reader) => ({
      /** TPMT_PUBLIC. */
      outPublic: reader.sized('outPublic'),
      name: reader.sized('name'),
      qualifiedName: reader.sized('qualifiedName'),
    }),
  }),

  /** Part 3 §12.5. `activateHandle` is the object that the credential is bound to, `keyHandle` the EK. */
  ActivateCredential: defineCommand({
    name: 'TPM2_ActivateCredential',
    code: 0x147,
    handles: ['@activateHandle', '@keyHandle'],
    parameters: (writer, p: { readonly credentialBlob: Uint8Array; readonly secret: Uint8Array }) =>
      writer.sized(p.credentialBlob).sized(p.secret),
    result: (reader) => ({ certInfo: reader.sized('certInfo') }),
  }),

  /** Part 3 §12.7: the one command that gives out what an object holds, where that is data and no key. */
  Unseal: defineCommand({
    name: 'TPM2_Unseal',
    code: 0x15e,
    handles: ['@itemHandle'],
    result: (reader) => ({ outData: reader.sized('outData') }),
  }),

  /** Part 3 §13.3. */
  Import: defineCommand({
    name: 'TPM2_Import',
    code: 0x156,
    handles: ['@parentHandle'],
    parameters: (
      writer,
      p: {
        /** The key of the inner wrap. */
        readonly encryptionKey: Uint8Array;
        readonly objectPublic: Uint8Array;
        readonly duplicate: Uint8Array;
        readonly inSymSeed: Uint8Array;
        /** Of the inner wrap. */
        readonly symmetricAlg: SymmetricDefinition | undefined;
      },
    ) => {
      writer.sized(p.encryptionKey).sized(p.objectPublic).sized(p.duplicate).sized(p.inSymSeed);
      writeSymmetric(writer, p.symmetricAlg);
    },
    result: (reader) => ({ outPrivate: reader.sized('outPrivate') }),
  }),

  /** Part 3 §15.5. At most TPM_PT_INPUT_BUFFER bytes. */
  HMAC: defineCommand({
    name: 'TPM2_HMAC',
    code: 0x155,
    handles: ['@handle'],
    parameters: (writer, p: { readonly buffer: Uint8Array; readonly hashAlg: number }) =>
      writer.sized(p.buffer).u16(p.hashAlg),
    result: (reader) => ({ outHMAC: reader.sized('outHMAC') }),
  }),

  /** Part 3 §16.1. The TPM may give fewer bytes than asked for. */
  GetRandom: defineCommand({
    name: 'TPM2_GetRandom',
    code: 0x17b,
    parameters: (writer, p: { readonly bytesRequested: number }) => writer.u16(p.bytesRequested),
    result: (reader) => ({ randomBytes: reader.sized('randomBytes') }),
  }),

  /** Part 3 §17.2. */
  HMAC_Start: defineCommand({
    name: 'TPM2_HMAC_Start',
    code: 0x15b,
    handles: ['@handle'],
    parameters: (writer, p: { readonly auth: Uint8Array; readonly hashAlg: number }) =>
      writer.sized(p.auth).u16(p.hashAlg),
    responseHandle: true,
    result: (_, sequenceHandle) => ({ sequenceHandle }),
  }),

  /** Part 3 §17.5. */
  SequenceUpdate: defineCommand({
    name: 'TPM2_SequenceUpdate',
    code: 0x15c,
    handles: ['@sequenceHandle'],
    parameters: (writer, p: { readonly buffer: Uint8Array }) => writer.sized(p.buffer),
  }),

  /** Part 3 §17.6. Ends the sequence: its handle is gone when this succeeds. */
  SequenceComplete: defineCommand({
    name: 'TPM2_SequenceComplete',
    code: 0x13e,
    handles: ['@sequenceHandle'],
    parameters: (writer, p: { readonly buffer: Uint8Array; readonly hierarchy: number }) =>
      writer.sized(p.buffer).u32(p.hierarchy),
    result: (reader) => ({ result: reader.sized('result'), validation: readTicket(reader) }),
  }),

  /** Part 3 §20.2, for digests that were made outside: without a ticket. */
  Sign: defineCommand({
    name: 'TPM2_Sign',
    code: 0x15d,
    handles: ['@keyHandle'],
    parameters: (writer, p: { readonly digest: Uint8Array; readonly inScheme: Scheme | undefined }) => {
      writer.sized(p.digest);
      writeScheme(writer, p.inScheme);
      writeNullTicket(writer, TPM_ST.HASHCHECK);
    },
    result: (reader) => ({ signature: readSignature(reader) }),
  }),

  /** Part 3 §22.4. */
  PCR_Read: defineCommand({
    name: 'TPM2_PCR_Read',
    code: 0x17e,
    parameters: (writer, p: { readonly pcrSelectionIn: readonly PcrSelection[] }) =>
      writePcrSelections(writer, p.pcrSelectionIn),
    result: (reader) => ({
      pcrUpdateCounter: reader.u32('pcrUpdateCounter'),
      pcrSelectionOut: readPcrSelections(reader),
      pcrValues: readList(reader, 'pcrValues', () => reader.sized('pcrValue')),
    }),
  }),

  /** Part 3 §23.4, without nonce, cpHash, reference or expiry. */
  PolicySecret: defineCommand({
    name: 'TPM2_PolicySecret',
    code: 0x151,
    handles: ['@authHandle', 'policySession'],
    parameters: (writer) => writer.sized(empty).sized(empty).sized(empty).u32(0),
    result: (reader) => ({ timeout: reader.sized('timeout'), policyTicket: readTicket(reader) }),
  }),

  /** Part 3 §24.1, without outsideInfo and PCRs. */
  CreatePrimary: defineCommand({
    name: 'TPM2_CreatePrimary',
    code: 0x131,
    handles: ['@primaryHandle'],
    parameters: (
      writer,
      p: { readonly userAuth?: Uint8Array; readonly data?: Uint8Array; readonly inPublic: Uint8Array },
    ) => {
      writer
        .sized(encodeSensitiveCreate(p.userAuth ?? empty, p.data ?? empty))
        .sized(p.inPublic)
        .sized(empty);
      writePcrSelections(writer, []);
    },
    responseHandle: true,
    result: (reader, objectHandle) => ({
      objectHandle,
      /** TPMT_PUBLIC. */
      outPublic: reader.sized('outPublic'),
      creationData: reader.sized('creationData'),
      creationHash: reader.sized('creationHash'),
      creationTicket: readTicket(reader),
      name: reader.sized('name'),
    }),
  }),

  /** Part 3 §24.2. */
  HierarchyControl: defineCommand({
    name: 'TPM2_HierarchyControl',
    code: 0x121,
    handles: ['@authHandle'],
    parameters: (writer, p: { readonly enable: number; readonly state: boolean }) =>
      writer.u32(p.enable).u8(p.state ? 1 : 0),
  }),

  /** Part 3 §24.5: a new endorsement seed, so another EK. */
  ChangeEPS: defineCommand({ name: 'TPM2_ChangeEPS', code: 0x124, handles: ['@authHandle'] }),

  /** Part 3 §24.6: a new storage seed, so another SRK; removes the EK's persistent handle too. */
  Clear: defineCommand({ name: 'TPM2_Clear', code: 0x126, handles: ['@authHandle'] }),

  /** Part 3 §24.8. */
  HierarchyChangeAuth: defineCommand({
    name: 'TPM2_HierarchyChangeAuth',
    code: 0x129,
    handles: ['@authHandle'],
    parameters: (writer, p: { readonly newAuth: Uint8Array }) => writer.sized(p.newAuth),
  }),

  /** Part 3 §25.2. */
  DictionaryAttackLockReset: defineCommand({
    name: 'TPM2_DictionaryAttackLockReset',
    code: 0x139,
    handles: ['@lockHandle'],
  }),

  /** Part 3 §25.3. */
  DictionaryAttackParameters: defineCommand({
    name: 'TPM2_DictionaryAttackParameters',
    code: 0x13a,
    handles: ['@lockHandle'],
    parameters: (
      writer,
      p: {
        readonly newMaxTries: number;
        readonly newRecoveryTimeSeconds: number;
        readonly lockoutRecoverySeconds: number;
      },
    ) => writer.u32(p.newMaxTries).u32(p.newRecoveryTimeSeconds).u32(p.lockoutRecoverySeconds),
  }),

  /** Part 3 §28.4. The handle is a parameter there, not in the handle area; without sessions that is the same. */
  FlushContext: defineCommand({ name: 'TPM2_FlushContext', code: 0x165, handles: ['flushHandle'] }),

  /** Part 3 §28.5: makes a transient object persistent, or removes a persistent one. */
  EvictControl: defineCommand({
    name: 'TPM2_EvictControl',
    code: 0x120,
    handles: ['@auth', 'objectHandle'],
    parameters: (writer, p: { readonly persistentHandle: number }) => writer.u32(p.persistentHandle),
  }),

  /** Part 3 §30.2. */
  GetCapability: defineCommand({
    name: 'TPM2_GetCapability',
    code: 0x17a,
    parameters: (
      writer,
      p: { readonly capability: number; readonly property: number; readonly propertyCount: number },
    ) => writer.u32(p.capability).u32(p.property).u32(p.propertyCount),
    result: (reader) => ({
      moreData: reader.u8('moreData') !== 0,
      capabilityData: readCapabilityData(reader),
    }),
  }),

  /** Part 3 §31.6. */
  NV_ReadPublic: defineCommand({
    name: 'TPM2_NV_ReadPublic',
    code: 0x169,
    handles: ['nvIndex'],
    result: (reader) => ({ nvPublic: readTpm2bNvPublic(reader), nvName: reader.sized('nvName') }),
  }),
} as const;
