import { describe, expect, it } from 'vitest';
import { c, nativeFunction } from './library.ts';
import { TssLibraryError } from './library-error.ts';

describe('library', () => {
  it('names the package to install when a function is not there', () => {
    const find = (): unknown => nativeFunction('esys', 'Esys_NoSuchFunction', c.uint32, []);
    expect(find).toThrow(TssLibraryError);
    expect(find).toThrow(
      expect.objectContaining({ code: 'TSS_LIBRARY_MISSING', debianPackage: 'libtss2-esys-3.0.2-0' }),
    );
  });
});
