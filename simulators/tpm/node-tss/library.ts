import koffi, { type LibraryHandle } from 'koffi';
import { TssLibraryError } from './library-error.ts';

/** A C function: called directly it blocks, `async` runs it on a thread of koffi's. */
export interface NativeFunction<Arguments extends readonly unknown[], Result> {
  (...args: Arguments): Result;
  async(...args: [...Arguments, (error: Error | null, result: Result) => void]): void;
}

/** A pointer that the library gave us and that only the library may follow. */
export type Pointer = bigint;

/** What koffi writes a result into: an array of one element. */
export type Cell<Value> = [Value];

/** A C type of koffi, or one with the direction of a parameter, whose own type koffi does not export. */
export type CType = ReturnType<typeof koffi.pointer> | ReturnType<typeof koffi.out>;

type CTypeName =
  | 'none'
  | 'string'
  | 'int32'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'size'
  | 'pointer'
  | 'outPointer'
  | 'inOutPointer'
  | 'outUint8'
  | 'outUint32'
  | 'inOutUint32'
  | 'inOutSize';

/** The C types that the declarations of this package need. */
export const c: Readonly<Record<CTypeName, CType>> = {
  none: koffi.types.void,
  string: koffi.types.str,
  int32: koffi.types.int32,
  uint8: koffi.types.uint8,
  uint16: koffi.types.uint16,
  uint32: koffi.types.uint32,
  size: koffi.types.size_t,
  /** A buffer of ours (passed without a copy, so that C may write into it), a `Pointer`, or null. */
  pointer: koffi.pointer(koffi.types.void),
  outPointer: koffi.out(koffi.pointer(koffi.pointer(koffi.types.void))),
  inOutPointer: koffi.inout(koffi.pointer(koffi.pointer(koffi.types.void))),
  outUint8: koffi.out(koffi.pointer(koffi.types.uint8)),
  outUint32: koffi.out(koffi.pointer(koffi.types.uint32)),
  inOutUint32: koffi.inout(koffi.pointer(koffi.types.uint32)),
  inOutSize: koffi.inout(koffi.pointer(koffi.types.size_t)),
};

/** `probe` is a function that every version of the library has. */
const libraries = {
  tctildr: {
    file: 'libtss2-tctildr.so.0',
    debianPackage: 'libtss2-tctildr0',
    probe: 'Tss2_TctiLdr_Initialize',
  },
  esys: { file: 'libtss2-esys.so.0', debianPackage: 'libtss2-esys-3.0.2-0', probe: 'Esys_Initialize' },
  mu: { file: 'libtss2-mu.so.0', debianPackage: 'libtss2-mu0', probe: 'Tss2_MU_TPM2B_PUBLIC_Marshal' },
  rc: { file: 'libtss2-rc.so.0', debianPackage: 'libtss2-rc0', probe: 'Tss2_RC_Decode' },
} as const;

/** The libraries of tpm2-tss that this package binds. */
export type LibraryName = keyof typeof libraries;

const loaded = new Map<LibraryName, LibraryHandle>();

/**
 * Finds a function of a library, which is loaded with its first function and stays loaded.
 *
 * A declaration that differs from the C header is not an error here but a crash when it is called.
 *
 * @throws TssLibraryError when the library or the function in it is missing
 */
export function nativeFunction<Arguments extends readonly unknown[], Result>(
  libraryName: LibraryName,
  name: string,
  result: CType,
  parameters: readonly CType[],
): NativeFunction<Arguments, Result> {
  const { file, debianPackage } = libraries[libraryName];
  try {
    const library = loaded.get(libraryName) ?? koffi.load(file);
    loaded.set(libraryName, library);
    return library.func(name, result, [...parameters]);
  } catch (cause) {
    throw new TssLibraryError({ file, debianPackage, symbol: name, cause });
  }
}

/**
 * Loads every library that this package binds, to find out early whether all are there.
 *
 * @returns their file names
 * @throws TssLibraryError for the first that is missing
 */
export function loadLibraries(): readonly string[] {
  for (const [name, { probe }] of Object.entries(libraries)) {
    nativeFunction(name as LibraryName, probe, c.none, []);
  }
  return Object.values(libraries).map(({ file }) => file);
}

/** Defers `make` to the first use and keeps what it made: declarations must not load libraries at import. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Arguments of running calls: without a reference, the collector could free a buffer that C is still writing into. */
const inUse = new Set<readonly unknown[]>();

/** Runs a C function on another thread. */
export async function callAsync<Arguments extends readonly unknown[], Result>(
  native: NativeFunction<Arguments, Result>,
  ...args: Arguments
): Promise<Result> {
  inUse.add(args);
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  native.async(...args, (error: Error | null, result: Result) => {
    inUse.delete(args);
    if (error === null) resolve(result);
    else reject(error);
  });
  return promise;
}

/** Copies bytes out of the library's memory. */
export function copyFrom(pointer: Pointer, length: number): Uint8Array {
  return koffi.decode(pointer, koffi.array(koffi.types.uint8, length, 'Typed')) as Uint8Array;
}
