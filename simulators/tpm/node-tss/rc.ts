import { c, lazy, nativeFunction } from './library.ts';

/** A TSS2_RC taken apart. */
export interface DecodedResponseCode {
  /** Stable: `TSS2_TCTI_RC_IO_ERROR` for an error of the stack, `TPM2_RC_0x1DF` for an answer of the TPM. */
  readonly code: string;
  readonly layer: string;
  /** What is left without the layer's bits. */
  readonly baseCode: number;
  /** In the words of libtss2-rc; the code in hexadecimal when that library is missing. */
  readonly description: string;
}

/** Names of the layers as in tss2_common.h, by number. */
const layers: ReadonlyMap<number, string> = new Map([
  [0, 'tpm'],
  [6, 'fapi'],
  [7, 'esys'],
  [8, 'sys'],
  [9, 'mu'],
  [10, 'tcti'],
  [11, 'resmgr'],
  // The resource manager passes on an answer of the TPM.
  [12, 'resmgr-tpm'],
]);

/** TSS2_BASE_RC_... of tss2_common.h; the position is the code, counted from 1. */
const baseNames = [
  'GENERAL_FAILURE',
  'NOT_IMPLEMENTED',
  'BAD_CONTEXT',
  'ABI_MISMATCH',
  'BAD_REFERENCE',
  'INSUFFICIENT_BUFFER',
  'BAD_SEQUENCE',
  'NO_CONNECTION',
  'TRY_AGAIN',
  'IO_ERROR',
  'BAD_VALUE',
  'NOT_PERMITTED',
  'INVALID_SESSIONS',
  'NO_DECRYPT_PARAM',
  'NO_ENCRYPT_PARAM',
  'BAD_SIZE',
  'MALFORMED_RESPONSE',
  'INSUFFICIENT_CONTEXT',
  'INSUFFICIENT_RESPONSE',
  'INCOMPATIBLE_TCTI',
  'NOT_SUPPORTED',
  'BAD_TCTI_STRUCTURE',
  'MEMORY',
  'BAD_TR',
  'MULTIPLE_DECRYPT_SESSIONS',
  'MULTIPLE_ENCRYPT_SESSIONS',
  'RSP_AUTH_FAILED',
] as const;

const Tss2_RC_Decode = lazy(() =>
  nativeFunction<[number], string>('rc', 'Tss2_RC_Decode', c.string, [c.uint32]),
);

/**
 * The text of libtss2-rc for a code, e.g. `tpm:parameter(1):integrity check failed`.
 *
 * @throws TssLibraryError without libtss2-rc
 */
export function describeResponseCode(responseCode: number): string {
  return Tss2_RC_Decode()(responseCode);
}

/** Takes a TSS2_RC apart: layer, base code, stable name, and a text for people. Never throws. */
export function decodeResponseCode(responseCode: number): DecodedResponseCode {
  // TSS2_RC_LAYER_SHIFT is 16 and the layer has 8 bits.
  const layerNumber = (responseCode >>> 16) & 0xff;
  const baseCode = responseCode & 0xffff;
  const layer = layers.get(layerNumber) ?? `layer-${layerNumber}`;
  const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(3, '0')}`;
  const fromTpm = layerNumber === 0 || layerNumber === 12;
  const code = fromTpm
    ? `TPM2_RC_${hex(baseCode)}`
    : `TSS2_${layer.toUpperCase()}_RC_${baseNames[baseCode - 1] ?? hex(baseCode)}`;
  return { code, layer, baseCode, description: describeOrHex(responseCode) };
}

function describeOrHex(responseCode: number): string {
  try {
    return describeResponseCode(responseCode);
  } catch {
    // An error is being reported; a missing libtss2-rc must not replace it.
    return `0x${responseCode.toString(16)}`;
  }
}
