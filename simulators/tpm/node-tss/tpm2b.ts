import { endianness } from 'node:os';
import { copyFrom, type Pointer } from './library.ts';
import { hostStructureBytes } from './mu.ts';

const littleEndian = endianness() === 'LE';

/**
 * A TPM2B as C has it in memory: a 16-bit size in host byte order, then the bytes.
 *
 * The buffer is larger than any TPM2B, since the library copies the whole C structure and not just its used part.
 */
export function hostTpm2b(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(hostStructureBytes);
  new DataView(memory.buffer).setUint16(0, bytes.length, littleEndian);
  memory.set(bytes, 2);
  return memory;
}

/** The bytes of a TPM2B in the library's memory, without the size. */
export function readTpm2b(pointer: Pointer): Uint8Array {
  const head = copyFrom(pointer, 2);
  const size = new DataView(head.buffer, head.byteOffset).getUint16(0, littleEndian);
  return copyFrom(pointer, 2 + size).slice(2);
}

/** 16-bit fields one after the other, in host byte order: TPMT_SYM_DEF and its like. */
export function hostUint16s(...values: readonly number[]): Uint8Array {
  const memory = new Uint8Array(hostStructureBytes);
  const view = new DataView(memory.buffer);
  for (const [index, value] of values.entries()) view.setUint16(index * 2, value, littleEndian);
  return memory;
}
