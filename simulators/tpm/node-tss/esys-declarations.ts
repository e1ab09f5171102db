import { type Cell, c, lazy, type NativeFunction, nativeFunction, type Pointer } from './library.ts';

/** What an ESYS function takes: numbers for ESYS_TR and constants, buffers, pointers, cells for its results. */
export type EsysArgument = number | Pointer | Uint8Array | null | Cell<number> | Cell<Pointer | null>;

type EsysFunction = NativeFunction<readonly [Pointer, ...EsysArgument[]], number>;

const { uint8, uint16, uint32, int32, pointer, outPointer, outUint8, outUint32, inOutUint32 } = c;
const tr = uint32;
/** The three optional sessions that nearly every command takes. */
const sessions = [tr, tr, tr] as const;

/** Parameters after `ESYS_CONTEXT *`, as in tss2_esys.h of tpm2-tss 3.2 and 4.1. Every function returns a TSS2_RC. */
export const esysParameters = {
  Esys_Startup: [uint16],
  Esys_SelfTest: [...sessions, uint8],
  Esys_GetRandom: [...sessions, uint16, outPointer],
  Esys_GetCapability: [...sessions, uint32, uint32, uint32, outUint8, outPointer],
  Esys_ReadPublic: [tr, ...sessions, outPointer, outPointer, outPointer],
  Esys_TR_FromTPMPublic: [uint32, ...sessions, outUint32],
  Esys_TR_SetAuth: [tr, pointer],
  Esys_TR_GetName: [tr, outPointer],
  Esys_TR_Close: [inOutUint32],
  Esys_TRSess_SetAttributes: [tr, uint8, uint8],
  Esys_StartAuthSession: [tr, tr, ...sessions, pointer, uint8, pointer, uint16, outUint32],
  Esys_PolicySecret: [tr, tr, ...sessions, pointer, pointer, pointer, int32, outPointer, outPointer],
  Esys_PolicyGetDigest: [tr, ...sessions, outPointer],
  Esys_MakeCredential: [tr, ...sessions, pointer, pointer, outPointer, outPointer],
  Esys_ActivateCredential: [tr, tr, ...sessions, pointer, pointer, outPointer],
  Esys_CreatePrimary: [
    tr,
    ...sessions,
    ...[pointer, pointer, pointer, pointer],
    ...[outUint32, outPointer, outPointer, outPointer, outPointer],
  ],
  Esys_Import: [tr, ...sessions, pointer, pointer, pointer, pointer, pointer, outPointer],
  Esys_Load: [tr, ...sessions, pointer, pointer, outUint32],
  Esys_EvictControl: [tr, tr, ...sessions, uint32, outUint32],
  Esys_HMAC: [tr, ...sessions, pointer, uint16, outPointer],
  Esys_FlushContext: [tr],
  Esys_Clear: [tr, ...sessions],
} as const;

export type EsysFunctionName = keyof typeof esysParameters;

export const esysFunctions = Object.fromEntries(
  Object.entries(esysParameters).map(([name, types]) => [
    name,
    lazy((): EsysFunction => nativeFunction('esys', name, c.uint32, [pointer, ...types])),
  ]),
) as unknown as Record<EsysFunctionName, () => EsysFunction>;

export const Esys_Initialize = lazy(() =>
  nativeFunction<[Cell<Pointer | null>, Pointer, null], number>('esys', 'Esys_Initialize', c.uint32, [
    outPointer,
    pointer,
    pointer,
  ]),
);

export const Esys_Finalize = lazy(() =>
  nativeFunction<[Cell<Pointer | null>], undefined>('esys', 'Esys_Finalize', c.none, [c.inOutPointer]),
);

export const Esys_Free = lazy(() =>
  nativeFunction<[Pointer], undefined>('esys', 'Esys_Free', c.none, [pointer]),
);
