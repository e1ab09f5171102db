import { algorithms, capabilities, esysTr } from './constants.ts';
import { checkResponseCode, TssUsageError } from './errors.ts';
import {
  byPassword,
  type EsysSessions,
  type EsysTr,
  emptySensitive,
  hostPublic,
  noPcrs,
  noSessions,
  outPointer,
  outUnwanted,
  takeMarshalled,
  takeTpm2b,
  three,
} from './esys-arguments.ts';
import {
  Esys_Finalize,
  Esys_Initialize,
  type EsysArgument,
  type EsysFunctionName,
  esysFunctions,
} from './esys-declarations.ts';
import { type Cell, callAsync, type Pointer } from './library.ts';
import { openTcti, type Tcti } from './tctildr.ts';
import { hostTpm2b, hostUint16s } from './tpm2b.ts';

/** What TPM2_ReadPublic tells about an object. */
export interface ObjectPublic {
  /** TPM2B_PUBLIC in wire form, with its size. */
  readonly publicArea: Uint8Array;
  readonly name: Uint8Array;
  readonly qualifiedName: Uint8Array;
}

/**
 * Opens an ESYS context over a TCTI string, or over a TCTI that stays the caller's.
 *
 * @throws TssError, TssLibraryError
 */
export async function openEsys(tcti: Tcti | string): Promise<Esys> {
  const ownsTcti = typeof tcti === 'string';
  const connection = ownsTcti ? await openTcti(tcti) : tcti;
  try {
    const context: Cell<Pointer | null> = [null];
    const initialize = Esys_Initialize();
    await connection.exclusive.run('Esys_Initialize', async () => {
      checkResponseCode('Esys_Initialize', await callAsync(initialize, context, connection.pointer, null));
    });
    if (context[0] === null) throw new TssUsageError('TSS_NO_RESULT', 'Esys_Initialize gave no context');
    return new Esys(context[0], connection, ownsTcti);
  } catch (error) {
    if (ownsTcti) await connection.close();
    throw error;
  }
}

/**
 * The Enhanced System API: one method for each TPM command, sessions computed by the library. Made by `openEsys`.
 *
 * Public areas, blobs and capability data go in and out in wire form. One call at a time; each runs on another thread.
 * Every method throws TssError: of layer `tpm` for an answer of the TPM, of another layer for trouble on the way.
 */
export class Esys implements AsyncDisposable {
  readonly #context: Pointer;
  readonly #tcti: Tcti;
  readonly #ownsTcti: boolean;
  #closing: Promise<void> | undefined;

  constructor(context: Pointer, tcti: Tcti, ownsTcti: boolean) {
    this.#context = context;
    this.#tcti = tcti;
    this.#ownsTcti = ownsTcti;
  }

  /** TPM2_Startup; ESYS takes "started already" (TPM2_RC_INITIALIZE) for success. */
  async startup(startupType: number): Promise<void> {
    await this.#call('Esys_Startup', startupType);
  }

  async selfTest(full: boolean): Promise<void> {
    await this.#call('Esys_SelfTest', ...three(noSessions), full ? 1 : 0);
  }

  /** @param count bytes wanted; a TPM gives at most one digest, 64 bytes or fewer */
  async getRandom(count: number): Promise<Uint8Array> {
    const random = outPointer();
    await this.#call('Esys_GetRandom', ...three(noSessions), count, random);
    return takeTpm2b(random);
  }

  /** @returns TPMS_CAPABILITY_DATA in wire form, and whether the TPM has more */
  async getCapability(
    capability: number,
    property: number,
    count: number,
  ): Promise<{ readonly moreData: boolean; readonly capabilityData: Uint8Array }> {
    const moreData: Cell<number> = [0];
    const data = outPointer();
    await this.#call(
      'Esys_GetCapability',
      ...three(noSessions),
      ...[capability, property, count, moreData, data],
    );
    return { moreData: moreData[0] !== 0, capabilityData: takeMarshalled('TPMS_CAPABILITY_DATA', data) };
  }

  /** TPM_PT values from `first` on, by property. */
  async getTpmProperties(first: number, count: number): Promise<ReadonlyMap<number, number>> {
    const { capabilityData } = await this.getCapability(capabilities.tpmProperties, first, count);
    const view = new DataView(capabilityData.buffer, capabilityData.byteOffset, capabilityData.length);
    const length = view.getUint32(4);
    return new Map(
      Array.from({ length }, (_, index) => [view.getUint32(8 + index * 8), view.getUint32(12 + index * 8)]),
    );
  }

  /** Makes a persistent or transient object known to this context. `close` or `releaseHandle` forgets it again. */
  async trFromTpmPublic(tpmHandle: number): Promise<EsysTr> {
    const object: Cell<number> = [0];
    await this.#call('Esys_TR_FromTPMPublic', tpmHandle, ...three(noSessions), object);
    return object[0];
  }

  /** Forgets a handle without touching the TPM: the object there stays. */
  async releaseHandle(object: EsysTr): Promise<void> {
    await this.#call('Esys_TR_Close', [object]);
  }

  /** The password that `esysTr.password` stands for in later commands with this object or hierarchy. */
  async setAuth(object: EsysTr, auth: Uint8Array): Promise<void> {
    await this.#call('Esys_TR_SetAuth', object, hostTpm2b(auth));
  }

  async getName(object: EsysTr): Promise<Uint8Array> {
    const name = outPointer();
    await this.#call('Esys_TR_GetName', object, name);
    return takeTpm2b(name);
  }

  async readPublic(object: EsysTr): Promise<ObjectPublic> {
    const [publicArea, name, qualifiedName] = [outPointer(), outPointer(), outPointer()];
    await this.#call('Esys_ReadPublic', object, ...three(noSessions), publicArea, name, qualifiedName);
    return {
      publicArea: takeMarshalled('TPM2B_PUBLIC', publicArea),
      name: takeTpm2b(name),
      qualifiedName: takeTpm2b(qualifiedName),
    };
  }

  /**
   * Starts a session. It must be flushed, or be used up by a command without TPMA_SESSION_CONTINUESESSION.
   *
   * @param options.sessionType one of `sessionTypes`
   * @param options.tpmKey salts the session with a key of the TPM
   * @param options.parameterEncryption AES-128-CFB, for sessions whose attributes ask for it
   */
  async startAuthSession(options: {
    readonly sessionType: number;
    readonly tpmKey?: EsysTr;
    readonly bind?: EsysTr;
    readonly parameterEncryption?: boolean;
    readonly authHash?: number;
  }): Promise<EsysTr> {
    const session: Cell<number> = [0];
    const symmetric = options.parameterEncryption
      ? hostUint16s(algorithms.aes, 128, algorithms.cfb)
      : hostUint16s(algorithms.null);
    await this.#call(
      'Esys_StartAuthSession',
      ...[options.tpmKey ?? esysTr.none, options.bind ?? esysTr.none],
      ...three(noSessions),
      // Without a nonce of the caller's, ESYS makes one.
      ...[null, options.sessionType, symmetric, options.authHash ?? algorithms.sha256, session],
    );
    return session[0];
  }

  /** Sets those TPMA_SESSION bits that are in the mask (TPM 2.0 Part 2 §8.4). */
  async setSessionAttributes(session: EsysTr, flags: number, mask: number): Promise<void> {
    await this.#call('Esys_TRSess_SetAttributes', session, flags, mask);
  }

  /** @see TPM 2.0 Part 3 §23.4 TPM2_PolicySecret, without expiration and reference */
  async policySecret(authHandle: EsysTr, policySession: EsysTr, sessions = byPassword): Promise<void> {
    const arguments_ = [authHandle, policySession, ...three(sessions), null, null, null, 0];
    await this.#call('Esys_PolicySecret', ...arguments_, outUnwanted(), outUnwanted());
  }

  async policyGetDigest(policySession: EsysTr): Promise<Uint8Array> {
    const digest = outPointer();
    await this.#call('Esys_PolicyGetDigest', policySession, ...three(noSessions), digest);
    return takeTpm2b(digest);
  }

  /** Wraps a secret for the key, readable only beside an object of that Name. Both results without their size. */
  async makeCredential(
    key: EsysTr,
    secret: Uint8Array,
    objectName: Uint8Array,
  ): Promise<{ readonly credentialBlob: Uint8Array; readonly encryptedSecret: Uint8Array }> {
    const [blob, encrypted] = [outPointer(), outPointer()];
    const inputs = [hostTpm2b(secret), hostTpm2b(objectName)];
    await this.#call('Esys_MakeCredential', key, ...three(noSessions), ...inputs, blob, encrypted);
    return { credentialBlob: takeTpm2b(blob), encryptedSecret: takeTpm2b(encrypted) };
  }

  /**
   * Recovers the secret of a credential.
   *
   * @param sessions for the object and for the key: for an EK, password and a policy session with PolicySecret
   * @param credentialBlob TPMS_ID_OBJECT, without the size of the TPM2B_ID_OBJECT around it
   * @param encryptedSecret without the size of the TPM2B_ENCRYPTED_SECRET around it
   */
  async activateCredential(
    object: EsysTr,
    key: EsysTr,
    sessions: EsysSessions,
    credentialBlob: Uint8Array,
    encryptedSecret: Uint8Array,
  ): Promise<Uint8Array> {
    const secret = outPointer();
    const inputs = [hostTpm2b(credentialBlob), hostTpm2b(encryptedSecret)];
    await this.#call('Esys_ActivateCredential', object, key, ...three(sessions), ...inputs, secret);
    return takeTpm2b(secret);
  }

  /** @param template TPM2B_PUBLIC in wire form, with its size */
  async createPrimary(
    hierarchy: EsysTr,
    template: Uint8Array,
    sessions = byPassword,
  ): Promise<{ readonly object: EsysTr; readonly publicArea: Uint8Array }> {
    const object: Cell<number> = [0];
    const publicArea = outPointer();
    const inputs = [emptySensitive(), hostPublic(template), hostTpm2b(new Uint8Array()), noPcrs()];
    const unwanted = [outUnwanted(), outUnwanted(), outUnwanted()];
    const outputs = [object, publicArea, ...unwanted];
    await this.#call('Esys_CreatePrimary', hierarchy, ...three(sessions), ...inputs, ...outputs);
    return { object: object[0], publicArea: takeMarshalled('TPM2B_PUBLIC', publicArea) };
  }

  /**
   * Rewraps a duplicated object for its new parent (TPM 2.0 Part 3 §13.3).
   *
   * @param options.publicArea TPM2B_PUBLIC in wire form; the other byte strings come without their size
   * @param options.encryptionKey key of the inner wrapper, AES-CFB with as many bits; empty when there is none
   * @returns TPM2B_PRIVATE without its size, for `load`
   */
  async import(
    parent: EsysTr,
    options: {
      readonly encryptionKey: Uint8Array;
      readonly publicArea: Uint8Array;
      readonly duplicate: Uint8Array;
      readonly encryptedSeed: Uint8Array;
    },
    sessions = byPassword,
  ): Promise<Uint8Array> {
    const outPrivate = outPointer();
    const { encryptionKey } = options;
    const symmetric =
      encryptionKey.length === 0
        ? hostUint16s(algorithms.null)
        : hostUint16s(algorithms.aes, encryptionKey.length * 8, algorithms.cfb);
    const wrapped = [hostTpm2b(options.duplicate), hostTpm2b(options.encryptedSeed), symmetric];
    const inputs = [hostTpm2b(encryptionKey), hostPublic(options.publicArea), ...wrapped];
    await this.#call('Esys_Import', parent, ...three(sessions), ...inputs, outPrivate);
    return takeTpm2b(outPrivate);
  }

  /** @param privateArea without its size; @param publicArea TPM2B_PUBLIC in wire form, with its size */
  async load(
    parent: EsysTr,
    privateArea: Uint8Array,
    publicArea: Uint8Array,
    sessions = byPassword,
  ): Promise<EsysTr> {
    const object: Cell<number> = [0];
    const inputs = [hostTpm2b(privateArea), hostPublic(publicArea)];
    await this.#call('Esys_Load', parent, ...three(sessions), ...inputs, object);
    return object[0];
  }

  /**
   * Makes a transient object persistent at the handle; removes an object that is persistent there already.
   *
   * @returns the persistent object; `esysTr.none` when it was removed
   */
  async evictControl(
    hierarchy: EsysTr,
    object: EsysTr,
    persistentHandle: number,
    sessions = byPassword,
  ): Promise<EsysTr> {
    const persistent: Cell<number> = [0];
    await this.#call(
      'Esys_EvictControl',
      hierarchy,
      object,
      ...three(sessions),
      persistentHandle,
      persistent,
    );
    return persistent[0];
  }

  /** HMAC with a key in the TPM, of at most TPM_PT_INPUT_BUFFER bytes (1024 as a rule). */
  async hmac(
    key: EsysTr,
    data: Uint8Array,
    hashAlg: number = algorithms.sha256,
    sessions = byPassword,
  ): Promise<Uint8Array> {
    const digest = outPointer();
    await this.#call('Esys_HMAC', key, ...three(sessions), hostTpm2b(data), hashAlg, digest);
    return takeTpm2b(digest);
  }

  /** Frees a transient object or a session in the TPM. */
  async flushContext(handle: EsysTr): Promise<void> {
    await this.#call('Esys_FlushContext', handle);
  }

  /** TPM2_Clear: new storage seed, owner and endorsement authorization empty, persistent owner objects gone. */
  async clear(authHandle: EsysTr, sessions = byPassword): Promise<void> {
    await this.#call('Esys_Clear', authHandle, ...three(sessions));
  }

  /** Waits for the call in progress, then frees the context, and the TCTI when this opened it. The TPM is not touched. */
  async close(): Promise<void> {
    this.#closing ??= this.#finalize();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #finalize(): Promise<void> {
    await this.#tcti.exclusive.settled();
    await callAsync(Esys_Finalize(), [this.#context]);
    if (this.#ownsTcti) await this.#tcti.close();
  }

  async #call(name: EsysFunctionName, ...args: EsysArgument[]): Promise<void> {
    if (this.#closing !== undefined)
      throw new TssUsageError('TSS_CLOSED', `${name}: the ESYS context is closed`);
    const native = esysFunctions[name]();
    await this.#tcti.exclusive.run(name, async () => {
      checkResponseCode(name, await callAsync(native, this.#context, ...args));
    });
  }
}
