import { checkResponseCode, TssError } from './errors.ts';
import { type Cell, c, lazy, type NativeFunction, nativeFunction, type Pointer } from './library.ts';

/** The structures that libtss2-mu turns from C into wire form and back, of those that have a use here. */
export const structureTypes = [
  'TPM2B_PUBLIC',
  'TPMT_PUBLIC',
  'TPM2B_PRIVATE',
  'TPM2B_SENSITIVE_CREATE',
  'TPM2B_DIGEST',
  'TPM2B_NAME',
  'TPM2B_ID_OBJECT',
  'TPM2B_ENCRYPTED_SECRET',
  'TPM2B_CREATION_DATA',
  'TPMT_SYM_DEF',
  'TPMT_SYM_DEF_OBJECT',
  'TPML_PCR_SELECTION',
  'TPMS_CAPABILITY_DATA',
] as const;

export type StructureType = (typeof structureTypes)[number];

/** A structure as C has it in memory: host byte order, unions at full size. Only libtss2 looks inside. */
export interface HostStructure {
  readonly type: StructureType;
  readonly memory: Uint8Array;
}

type Marshal = NativeFunction<[Pointer | Uint8Array, Uint8Array, number, Cell<number>], number>;
type Unmarshal = NativeFunction<[Uint8Array, number, Cell<number>, Uint8Array], number>;

/** More than sizeof of any structure above (TPM2B_PRIVATE: 1552) and than its wire form, in any version of tpm2-tss. */
export const hostStructureBytes = 4096;

const functions = Object.fromEntries(
  structureTypes.map((type) => [
    type,
    {
      marshal: lazy(
        (): Marshal =>
          nativeFunction('mu', `Tss2_MU_${type}_Marshal`, c.uint32, [
            c.pointer,
            c.pointer,
            c.size,
            c.inOutSize,
          ]),
      ),
      unmarshal: lazy(
        (): Unmarshal =>
          nativeFunction('mu', `Tss2_MU_${type}_Unmarshal`, c.uint32, [
            c.pointer,
            c.size,
            c.inOutSize,
            c.pointer,
          ]),
      ),
    },
  ]),
) as Record<StructureType, { readonly marshal: () => Marshal; readonly unmarshal: () => Unmarshal }>;

/** TSS2_MU_RC_BAD_SIZE, which libtss2-mu itself does not give for bytes left over. */
const badSize = 0x9_0010;

/**
 * Reads a structure off its wire form (big-endian, as in commands and responses).
 *
 * @throws TssError of layer `mu` when the bytes are too few, too many or not such a structure
 */
export function unmarshal(type: StructureType, wire: Uint8Array): HostStructure {
  const memory = new Uint8Array(hostStructureBytes);
  const offset: Cell<number> = [0];
  const call = `Tss2_MU_${type}_Unmarshal`;
  checkResponseCode(call, functions[type].unmarshal()(wire, wire.length, offset, memory));
  if (offset[0] !== wire.length) throw new TssError(call, badSize);
  return { type, memory };
}

/**
 * The wire form of a structure.
 *
 * @throws TssError of layer `mu` when the structure's sizes or selectors make no sense
 */
export function marshal(structure: HostStructure): Uint8Array {
  return marshalFrom(structure.type, structure.memory);
}

/** The wire form of a structure in the library's memory; the pointer must be of that type. */
export function marshalFrom(type: StructureType, source: Pointer | Uint8Array): Uint8Array {
  const wire = new Uint8Array(hostStructureBytes);
  const offset: Cell<number> = [0];
  checkResponseCode(`Tss2_MU_${type}_Marshal`, functions[type].marshal()(source, wire, wire.length, offset));
  return wire.slice(0, offset[0]);
}
