import { describe, expect, it } from 'vitest';
import { c, loadLibraries, nativeFunction } from './library.ts';
import { TssLibraryError } from './library-error.ts';

describe('library', () => {
  it('finds every library of tpm2-tss on a machine that has them', () => {
    expect(loadLibraries()).toEqual([
      'libtss2-tctildr.so.0',
      'libtss2-esys.so.0',
      'libtss2-mu.so.0',
      'libtss2-rc.so.0',
    ]);
  });

  it('names the package to install when a function is not there', () => {
    const find = (): unknown => nativeFunction('esys', 'Esys_NoSuchFunction', c.uint32, []);
    expect(find).toThrow(TssLibraryError);
    expect(find).toThrow(
      expect.objectContaining({ code: 'TSS_LIBRARY_MISSING', debianPackage: 'libtss2-esys-3.0.2-0' }),
    );
  });
});
