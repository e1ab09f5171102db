import { ByteReader } from '../../kernel/bytes.ts';
import { plainHandleName } from './command.ts';
import { commands } from './commands.ts';
import { TPM_ST } from './constants.ts';

/** What may be told about a command without telling its secrets: no parameter, password or nonce. */
export interface CommandDescription {
  /** `TPM2_CC_0x...` when the codec does not know the command. */
  readonly name: string;
  readonly code: number;
  /** Empty for a command that the codec does not know: only the table says how many handles there are. */
  readonly handles: readonly { readonly name: string; readonly handle: number }[];
  readonly authorizationCount: number;
  readonly parameterBytes: number;
  readonly commandBytes: number;
}

/**
 * Describes a command buffer for recorders and logs.
 *
 * @throws CodecError when the buffer is too short for its header, handles or authorizations
 */
export function describeCommand(command: Uint8Array): CommandDescription {
  const reader = new ByteReader(command);
  const tag = reader.u16('command tag');
  reader.u32('commandSize');
  const code = reader.u32('commandCode');
  const known = byCode.get(code);
  const handles = (known?.handles ?? []).map((name) => ({
    name: plainHandleName(name),
    handle: reader.u32(name),
  }));
  // Without its handles, where the authorization area of an unknown command starts cannot be told.
  const authorizationCount = tag === TPM_ST.SESSIONS && known !== undefined ? countAuthorizations(reader) : 0;
  return {
    name: known?.name ?? `TPM2_CC_0x${code.toString(16).padStart(3, '0')}`,
    code,
    handles,
    authorizationCount,
    parameterBytes: reader.remaining,
    commandBytes: command.length,
  };
}

const byCode: ReadonlyMap<number, { readonly name: string; readonly handles: readonly string[] }> = new Map(
  Object.values(commands).map(({ code, name, handles }) => [code, { name, handles }]),
);

function countAuthorizations(reader: ByteReader): number {
  const area = new ByteReader(reader.bytes(reader.u32('authorizationSize'), 'authorization area'));
  let count = 0;
  for (; area.remaining > 0; count += 1) {
    area.u32('sessionHandle');
    area.sized('nonceCaller');
    area.u8('sessionAttributes');
    area.sized('hmac');
  }
  return count;
}
