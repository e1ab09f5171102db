import { decodeResponseCode } from './rc.ts';

/** A TCTI or ESYS context was used by two calls at once or after it was closed, or has no result to give. */
export class TssUsageError extends Error {
  override readonly name = 'TssUsageError';
  readonly code: 'TSS_BUSY' | 'TSS_CLOSED' | 'TSS_NO_RESULT';

  constructor(code: 'TSS_BUSY' | 'TSS_CLOSED' | 'TSS_NO_RESULT', message: string) {
    super(message);
    this.code = code;
  }
}

/** A function of tpm2-tss returned something other than TSS2_RC_SUCCESS: its own error, or the TPM's answer. */
export class TssError extends Error {
  override readonly name = 'TssError';
  /** Stable: `TSS2_TCTI_RC_IO_ERROR` for an error of the stack, `TPM2_RC_0x1DF` for an answer of the TPM. */
  readonly code: string;
  /** The C function, e.g. `Esys_ActivateCredential`. */
  readonly call: string;
  /** The whole TSS2_RC, layer included. */
  readonly responseCode: number;
  /** Which part of the stack it comes from; `tpm` is the TPM itself. */
  readonly layer: string;
  /** In the words of libtss2-rc, e.g. `tpm:parameter(1):integrity check failed`. */
  readonly description: string;

  constructor(call: string, responseCode: number) {
    const decoded = decodeResponseCode(responseCode);
    super(`${call}: ${decoded.description} (0x${responseCode.toString(16)})`);
    this.code = decoded.code;
    this.call = call;
    this.responseCode = responseCode;
    this.layer = decoded.layer;
    this.description = decoded.description;
  }
}

/** @throws TssError unless the code is TSS2_RC_SUCCESS */
export function checkResponseCode(call: string, responseCode: number): void {
  if (responseCode !== 0) throw new TssError(call, responseCode);
}
