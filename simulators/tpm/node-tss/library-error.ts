/** A shared library of tpm2-tss, or a function in it, is not on this machine. */
export class TssLibraryError extends Error {
  override readonly name = 'TssLibraryError';
  readonly code = 'TSS_LIBRARY_MISSING';
  /** The file that was looked for, e.g. `libtss2-esys.so.0`. */
  readonly file: string;
  /** The Debian 12 package that holds it. */
  readonly debianPackage: string;

  constructor(fields: { file: string; debianPackage: string; symbol: string; cause: unknown }) {
    super(
      `${fields.symbol} is not available: cannot use ${fields.file}. ` +
        `Install the package ${fields.debianPackage} (Debian 12), or libtss2-dev, which brings every library of tpm2-tss on any release.`,
      { cause: fields.cause },
    );
    this.file = fields.file;
    this.debianPackage = fields.debianPackage;
  }
}
