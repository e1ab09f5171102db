import { TpmResponseError } from '../../kernel/errors.ts';
import {
  formatOneCodes,
  formatZeroCodes,
  type ResponseCodeTable,
  responseCodeHints,
  warningCodes,
} from './response-code-table.ts';

/** A response code taken apart. */
export interface DecodedResponseCode {
  /** Without index and subject, e.g. `TPM_RC_INTEGRITY`; `TPM_RC_0x...` when the specification has no name for it. */
  readonly name: string;
  /**
   * `format-0` is about the whole command, `format-1` about one part of it, a `warning` may pass; `vendor` and `tpm12`
   * are outside the table, and `layer` did not come from the TPM but from software in front of it.
   */
  readonly kind: 'success' | 'format-0' | 'format-1' | 'warning' | 'vendor' | 'tpm12' | 'layer';
  /** What a format-1 code points at; absent when it does not say. */
  readonly subject: 'handle' | 'parameter' | 'session' | undefined;
  /** Counted from 1. */
  readonly index: number | undefined;
  readonly description: string;
}

/**
 * Takes a response code apart.
 *
 * @see TPM 2.0 Part 1 §39.4 Response Code Details, Part 2 §6.6.2
 */
export function decodeResponseCode(responseCode: number): DecodedResponseCode {
  if (responseCode === 0) return whole('TPM_RC_SUCCESS', 'success', 'the command was carried out');
  if (responseCode > 0xfff) return fromLayer(responseCode);
  if (responseCode === 0x01e) return whole('TPM_RC_BAD_TAG', 'tpm12', 'the tag of the command is wrong');
  if ((responseCode & FORMAT_ONE) !== 0) return formatOne(responseCode);
  if ((responseCode & VENDOR) !== 0)
    return unnamed(responseCode, 'vendor', 'defined by the maker of the TPM');
  if ((responseCode & VERSION_2) === 0) {
    return unnamed(responseCode, 'tpm12', 'not a TPM 2.0 response code');
  }
  return (responseCode & WARNING) === 0
    ? named(responseCode, 'format-0', formatZeroCodes)
    : named(responseCode, 'warning', warningCodes);
}

/** The error that stands for a response code, with a hint where there is something to do. */
export function tpmResponseError(command: string, responseCode: number): TpmResponseError {
  const { name, subject, index } = decodeResponseCode(responseCode);
  const hint = responseCodeHints.get(name);
  return new TpmResponseError({ responseCode, responseName: name, command, subject, index }, { hint });
}

const FORMAT_ONE = 0x080;
const PARAMETER = 0x040;
const SESSION = 0x800;
const VERSION_2 = 0x100;
const VENDOR = 0x400;
const WARNING = 0x800;

function formatOne(code: number): DecodedResponseCode {
  const [name, description] = formatOneCodes[code & 0x3f] ?? [hex(code & 0x0bf), 'not in the specification'];
  const result = { name: `TPM_RC_${name}`, kind: 'format-1', description } as const;
  const number = code >>> 8;
  if ((code & PARAMETER) !== 0) return { ...result, ...at('parameter', number) };
  if ((code & SESSION) !== 0) return { ...result, ...at('session', number & 7) };
  return { ...result, ...at('handle', number) };
}

/** Number 0 says that the TPM does not say which. */
const at = (
  subject: 'handle' | 'parameter' | 'session',
  index: number,
): Pick<DecodedResponseCode, 'subject' | 'index'> =>
  index === 0 ? { subject: undefined, index: undefined } : { subject, index };

const named = (
  code: number,
  kind: DecodedResponseCode['kind'],
  table: ResponseCodeTable,
): DecodedResponseCode => {
  const entry = table[code & 0x7f];
  return entry === undefined
    ? unnamed(code, kind, 'not in the specification')
    : whole(`TPM_RC_${entry[0]}`, kind, entry[1]);
};

/** Bits 16 to 23 as tpm2-tss uses them (TSS 2.0 Overview, Response Code Layers); its resource managers relay TPM codes. */
const RESOURCE_MANAGER_TPM_LAYER = 0x000b0000;

/** TPM_E_COMMAND_BLOCKED of Windows' TPM Base Services: seen where the operating system reserves a command. */
const WINDOWS_COMMAND_BLOCKED = 0x80280400;

function fromLayer(code: number): DecodedResponseCode {
  if (code === WINDOWS_COMMAND_BLOCKED) {
    return whole('TPM_E_COMMAND_BLOCKED', 'layer', 'Windows blocks the command; run it elevated');
  }
  if ((code & 0xffff0000) === RESOURCE_MANAGER_TPM_LAYER) return decodeResponseCode(code & 0xffff);
  return unnamed(code, 'layer', 'from software in front of the TPM');
}

const whole = (
  name: string,
  kind: DecodedResponseCode['kind'],
  description: string,
): DecodedResponseCode => ({ name, kind, subject: undefined, index: undefined, description });

const unnamed = (code: number, kind: DecodedResponseCode['kind'], description: string): DecodedResponseCode =>
  whole(`TPM_RC_${hex(code)}`, kind, description);

const hex = (code: number): string => `0x${code.toString(16).toUpperCase().padStart(3, '0')}`;

/** Every response code that the specification names, without handle, parameter or session. */
export const tpmResponseNames: readonly {
  /** Without `TPM_RC_`. */
  readonly name: string;
  readonly number: number;
  readonly description: string;
}[] = [
  ...numberedCodes(formatZeroCodes, VERSION_2),
  ...numberedCodes(formatOneCodes, FORMAT_ONE),
  ...numberedCodes(warningCodes, WARNING | VERSION_2),
];

function numberedCodes(
  table: ResponseCodeTable,
  base: number,
): { readonly name: string; readonly number: number; readonly description: string }[] {
  return Object.entries(table).map(([number, [name, description]]) => ({
    name,
    number: base | Number(number),
    description,
  }));
}
