import { esysTr } from './constants.ts';
import { TssUsageError } from './errors.ts';
import { Esys_Free } from './esys-declarations.ts';
import type { Cell, Pointer } from './library.ts';
import { marshalFrom, type StructureType, unmarshal } from './mu.ts';
import { hostTpm2b, readTpm2b } from './tpm2b.ts';

/** A handle of ESYS: its own number for a TPM object or session, valid in one context. */
export type EsysTr = number;

/** Up to three sessions; `esysTr.password` stands for password authorization. */
export type EsysSessions = readonly [EsysTr?, EsysTr?, EsysTr?];

/** Without authorization. */
export const noSessions: EsysSessions = [];
/** The password of the one object that the command uses. */
export const byPassword: EsysSessions = [esysTr.password];

/** The three session parameters of nearly every command. */
export const three = ([first, second, third]: EsysSessions): [EsysTr, EsysTr, EsysTr] => [
  first ?? esysTr.none,
  second ?? esysTr.none,
  third ?? esysTr.none,
];

/** Where ESYS puts a pointer to a result that it allocates. */
export const outPointer = (): Cell<Pointer | null> => [null];
/** ESYS leaves out a result whose pointer is null. */
export const outUnwanted = (): null => null;

/** TPM2B_PUBLIC as C has it. @throws TssError of layer `mu` when the wire form is malformed */
export const hostPublic = (wire: Uint8Array): Uint8Array => unmarshal('TPM2B_PUBLIC', wire).memory;
/** TPM2B_SENSITIVE_CREATE without auth and data: all zero. */
export const emptySensitive = (): Uint8Array => hostTpm2b(new Uint8Array());
/** TPML_PCR_SELECTION of length 0. */
export const noPcrs = (): Uint8Array => hostTpm2b(new Uint8Array());

/** Reads a TPM2B that ESYS allocated, and frees it. */
export function takeTpm2b(cell: Cell<Pointer | null>): Uint8Array {
  return take(cell, readTpm2b);
}

/** The wire form of a structure that ESYS allocated, which is freed. */
export function takeMarshalled(type: StructureType, cell: Cell<Pointer | null>): Uint8Array {
  return take(cell, (pointer) => marshalFrom(type, pointer));
}

function take(cell: Cell<Pointer | null>, read: (pointer: Pointer) => Uint8Array): Uint8Array {
  const [pointer] = cell;
  if (pointer === null) throw new TssUsageError('TSS_NO_RESULT', 'ESYS returned success without a result');
  try {
    return read(pointer);
  } finally {
    Esys_Free()(pointer);
  }
}
