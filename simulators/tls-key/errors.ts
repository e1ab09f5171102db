/** What is wrong: the addon was not built or refuses this Node, a key of a kind that it cannot serve, a bad signature. */
export type TlsKeyErrorCode = 'TLS_KEY_UNAVAILABLE' | 'TLS_KEY_UNSUPPORTED' | 'TLS_KEY_SIGNATURE';

/** A failure of this package itself; what a `sign` function throws is passed on as it is. */
export class TlsKeyError extends Error {
  override readonly name = 'TlsKeyError';
  readonly code: TlsKeyErrorCode;
  /** What a person can do about it. */
  readonly hint: string | undefined;

  constructor(
    code: TlsKeyErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
