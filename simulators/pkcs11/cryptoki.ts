import { runInThisContext } from 'node:vm';
import pkcs11js from 'pkcs11js'; // CommonJS: Node finds only some of its names
import { CryptokiError, EnvironmentError, toError } from '../kernel/errors.ts';
import { CKF, CKR, returnName } from './constants.ts';

/** A slot, session or object, as the module numbers them: good for one process, or one session, only. */
export type Handle = Buffer;

export interface Attribute {
  readonly type: number;
  readonly value: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: Buffer | PssParameters;
}

/** CK_RSA_PKCS_PSS_PARAMS; `type` is pkcs11js' number for it. */
export interface PssParameters {
  readonly type: number;
  readonly hashAlg: number;
  readonly mgf: number;
  readonly saltLen: number;
}

/** C_GetInfo, texts without their padding. */
export interface ModuleInfo {
  readonly cryptokiVersion: string;
  readonly manufacturer: string;
  readonly library: string;
  readonly libraryVersion: string;
}

/** C_GetTokenInfo, texts without their padding. */
export interface TokenInfo {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  /** CKF_... of a token. */
  readonly flags: number;
}

/**
 * The PKCS#11 calls that we use, of one module. All are synchronous, as the standard has them, and throw
 * `CryptokiError` with the call and the CKR name. After a failed call throw the session away: an operation that was
 * begun may still be active in it.
 *
 * @see PKCS #11 v2.40 §5
 */
export interface Cryptoki {
  /** C_Initialize: who loads the module has done it. */
  initialize(): void;
  getInfo(): ModuleInfo;
  /** @param tokenPresent leaves out empty slots. Asking SoftHSM is what makes its next free slot. */
  getSlotList(tokenPresent: boolean): readonly Handle[];
  getTokenInfo(slot: Handle): TokenInfo;
  getMechanismList(slot: Handle): readonly number[];
  initToken(slot: Handle, soPin: string, label: string): void;
  initPin(session: Handle, pin: string): void;
  /** @param flags `CKF.RW_SESSION` or 0; CKF_SERIAL_SESSION is added, as it must be. */
  openSession(slot: Handle, flags: number): Handle;
  closeSession(session: Handle): void;
  /** @param userType `CKU.USER` or `CKU.SO` */
  login(session: Handle, userType: number, pin: string): void;
  logout(session: Handle): void;
  /** The three find calls in one; objects in the module's order. */
  findObjects(session: Handle, template: readonly Attribute[], atMost: number): readonly Handle[];
  /** One attribute; several in one call would fail together. */
  getAttribute(session: Handle, object: Handle, type: number): Buffer;
  setAttribute(session: Handle, object: Handle, attribute: Attribute): void;
  createObject(session: Handle, template: readonly Attribute[]): Handle;
  destroyObject(session: Handle, object: Handle): void;
  generateKeyPair(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle };
  signInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  /** @param room bytes that the signature needs at most */
  sign(session: Handle, data: Uint8Array, room: number): Uint8Array;
}

/** Names of the calls as the standard has them, by ours. */
export const callNames = {
  initialize: 'C_Initialize',
  getInfo: 'C_GetInfo',
  getSlotList: 'C_GetSlotList',
  getTokenInfo: 'C_GetTokenInfo',
  getMechanismList: 'C_GetMechanismList',
  initToken: 'C_InitToken',
  initPin: 'C_InitPIN',
  openSession: 'C_OpenSession',
  closeSession: 'C_CloseSession',
  login: 'C_Login',
  logout: 'C_Logout',
  findObjects: 'C_FindObjects',
  getAttribute: 'C_GetAttributeValue',
  setAttribute: 'C_SetAttributeValue',
  createObject: 'C_CreateObject',
  destroyObject: 'C_DestroyObject',
  generateKeyPair: 'C_GenerateKeyPair',
  signInit: 'C_SignInit',
  sign: 'C_Sign',
} as const satisfies Record<keyof Cryptoki, string>;

/** `C_Login`, `C_Sign`, ... */
export type CallName = (typeof callNames)[keyof typeof callNames];

/** Modules of this thread by path. Never collected: the collector's dlclose would pull the code from under others. */
const loaded = new Map<string, { readonly module: pkcs11js.PKCS11; readonly cryptoki: Cryptoki }>();

/**
 * Loads a PKCS#11 module into this thread and initialises it, once for each path.
 *
 * A module's C_Initialize must not meet itself: the main thread loads before any worker does, and keeps the module
 * until the last worker has ended. Workers find it initialised. SoftHSM reads SOFTHSM2_CONF in that first call, from
 * the environment of the process, which only the main thread's `process.env` reaches.
 *
 * @throws EnvironmentError when it cannot be loaded or refuses to be initialised
 * @see PKCS #11 v2.40 §5.4 C_Initialize
 */
export function loadCryptoki(path: string): Cryptoki {
  const known = loaded.get(path);
  if (known !== undefined) return known.cryptoki;
  const module = new pkcs11js.PKCS11();
  try {
    module.load(path);
    call('C_Initialize', () => module.C_Initialize({ flags: CKF.OS_LOCKING_OK }));
  } catch (cause) {
    if (!isReturn(cause, CKR.CRYPTOKI_ALREADY_INITIALIZED)) throw unusable(path, cause);
  }
  const cryptoki = createCryptoki(module);
  loaded.set(path, { module, cryptoki });
  return cryptoki;
}

/**
 * The same for a module that reads its configuration from the environment, in C_Initialize.
 *
 * @param environment what only this module is to see; for the main thread, whose changes alone reach it
 */
export function loadWithEnvironment(path: string, environment: Readonly<Record<string, string>>): Cryptoki {
  const { env } = runInThisContext('process') as NodeJS.Process; // jest gives tests a copy, which no module sees
  const before = Object.keys(environment).map((name) => [name, env[name]] as const);
  Object.assign(env, environment);
  try {
    return loadCryptoki(path);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
  }
}

/**
 * Ends a module for the whole process: sessions and handles of every thread are gone. Only the main thread may do
 * this, after all workers have ended: a thread that is inside a call dies with the process.
 */
export function finalizeCryptoki(path: string): void {
  const known = loaded.get(path);
  if (known === undefined) return;
  loaded.delete(path);
  call('C_Finalize', () => known.module.C_Finalize());
  known.module.close();
}

/** Whether an error is this answer of a module. */
export const isReturn = (error: unknown, returnValue: number): boolean =>
  error instanceof CryptokiError && error.returnValue === returnValue;

function unusable(path: string, cause: unknown): EnvironmentError {
  const why =
    cause instanceof CryptokiError ? cause.message : `it cannot be loaded (${toError(cause).message})`;
  return new EnvironmentError('pkcs11', `${path} does not work as a PKCS#11 module: ${why}`, {
    hint: 'Check the path; for SoftHSM also SOFTHSM2_CONF and that its token directory exists.',
    cause,
  });
}

function createCryptoki(module: pkcs11js.PKCS11): Cryptoki {
  return {
    initialize: () => call('C_Initialize', () => module.C_Initialize()),
    getInfo: () =>
      call('C_GetInfo', () => {
        const info = module.C_GetInfo();
        return {
          cryptokiVersion: version(info.cryptokiVersion),
          manufacturer: unpadded(info.manufacturerID),
          library: unpadded(info.libraryDescription),
          libraryVersion: version(info.libraryVersion),
        };
      }),
    getSlotList: (tokenPresent) => call('C_GetSlotList', () => module.C_GetSlotList(tokenPresent)),
    getTokenInfo: (slot) =>
      call('C_GetTokenInfo', () => {
        const { label, manufacturerID, model, serialNumber, flags } = module.C_GetTokenInfo(slot);
        return {
          label: unpadded(label),
          manufacturer: unpadded(manufacturerID),
          model: unpadded(model),
          serial: unpadded(serialNumber),
          flags,
        };
      }),
    getMechanismList: (slot) => call('C_GetMechanismList', () => module.C_GetMechanismList(slot)),
    initToken: (slot, soPin, label) =>
      // pkcs11js pads with NUL where the standard wants blanks: URIs would never match.
      call('C_InitToken', () => void module.C_InitToken(slot, soPin, label.padEnd(LABEL_LENGTH, ' '))),
    initPin: (session, pin) => call('C_InitPIN', () => module.C_InitPIN(session, pin)),
    openSession: (slot, flags) =>
      call('C_OpenSession', () => module.C_OpenSession(slot, flags | CKF.SERIAL_SESSION)),
    closeSession: (session) => call('C_CloseSession', () => module.C_CloseSession(session)),
    login: (session, userType, pin) => call('C_Login', () => module.C_Login(session, userType, pin)),
    logout: (session) => call('C_Logout', () => module.C_Logout(session)),
    findObjects: (session, template, atMost) =>
      call('C_FindObjects', () => {
        module.C_FindObjectsInit(session, [...template]);
        try {
          return module.C_FindObjects(session, atMost);
        } finally {
          module.C_FindObjectsFinal(session);
        }
      }),
    getAttribute: (session, object, type) =>
      call('C_GetAttributeValue', () => {
        const [attribute] = module.C_GetAttributeValue(session, object, [{ type }]);
        return attribute?.value ?? Buffer.alloc(0);
      }),
    setAttribute: (session, object, attribute) =>
      call('C_SetAttributeValue', () => module.C_SetAttributeValue(session, object, [attribute])),
    createObject: (session, template) =>
      call('C_CreateObject', () => module.C_CreateObject(session, [...template])),
    destroyObject: (session, object) =>
      call('C_DestroyObject', () => module.C_DestroyObject(session, object)),
    generateKeyPair: (session, mechanism, publicTemplate, privateTemplate) =>
      call('C_GenerateKeyPair', () =>
        module.C_GenerateKeyPair(session, mechanism, [...publicTemplate], [...privateTemplate]),
      ),
    signInit: (session, mechanism, key) =>
      call('C_SignInit', () => module.C_SignInit(session, mechanism, key)),
    sign: (session, data, room) =>
      call('C_Sign', () => module.C_Sign(session, asBuffer(data), Buffer.alloc(room))),
  };
}

const LABEL_LENGTH = 32;

const unpadded = (text: string): string => text.replace(/[\0 ]+$/, '');

const version = ({ major, minor }: { readonly major: number; readonly minor: number }): string =>
  `${major}.${minor}`;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function call<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw cryptokiError(thrown, name);
  }
}

/**
 * An error of pkcs11js in our words. Most calls throw a `Pkcs11Error`; some throw a plain Error whose message is
 * `CKR_ATTRIBUTE_READ_ONLY:16`.
 *
 * @param callName for errors that do not tell it
 */
export function cryptokiError(thrown: unknown, callName: string): unknown {
  if (thrown instanceof pkcs11js.Pkcs11Error) {
    return new CryptokiError(returnName(thrown.code), thrown.method, thrown.code, { cause: thrown });
  }
  const [, code] = /^CKR_\w+:(\d+)$/.exec(thrown instanceof Error ? thrown.message : '') ?? [];
  if (code === undefined) return thrown;
  return new CryptokiError(returnName(Number(code)), callName, Number(code), { cause: thrown });
}
