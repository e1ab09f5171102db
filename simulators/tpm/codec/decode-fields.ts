import { ByteReader } from '../../kernel/bytes.ts';
import { CodecError, TpmResponseError } from '../../kernel/errors.ts';
import { shownBytes, shownSecret } from '../../kernel/wire-log.ts';
import { decodeResponse, plainHandleName } from './command.ts';
import { commands } from './commands.ts';
import { TPM_ST } from './constants.ts';

type Fields = Readonly<Record<string, string>>;
type FieldKind = 'u8' | 'u16' | 'u32' | 'bytes' | 'secret';
type CommandName = keyof typeof commands;

/**
 * The fields of a command by their names in Part 3, without secrets: handles, authorizations, then parameters as far as
 * the table below names them.
 *
 * @throws CodecError when the command is cut short
 */
export function commandFields(command: Uint8Array): Fields {
  const reader = new ByteReader(command);
  const tag = reader.u16('tag');
  reader.u32('commandSize');
  const found = byCode.get(reader.u32('commandCode'));
  if (found === undefined) return {};
  const [name, { handles }] = found;
  const fields: Record<string, string> = {};
  for (const handle of handles) fields[plainHandleName(handle)] = hex(reader.u32(handle), 8);
  if (tag === TPM_ST.SESSIONS) {
    const area = new ByteReader(reader.bytes(reader.u32('authorizationSize'), 'authorizations'));
    for (let index = 1; area.remaining > 0; index += 1) {
      fields[`authorization ${index}`] = hex(area.u32('sessionHandle'), 8);
      area.sized('nonceCaller');
      area.u8('sessionAttributes');
      area.sized('hmac');
    }
  }
  for (const [field, kind] of parameters[name] ?? []) fields[field] = readField(reader, field, kind);
  if (reader.remaining > 0) fields['…'] = `${reader.remaining} bytes`;
  return fields;
}

/** The fields of a response by their names in Part 3, without secrets; of a refusal its code. */
export function responseFields(command: Uint8Array, response: Uint8Array): Fields {
  const found = byCode.get(new DataView(command.buffer, command.byteOffset).getUint32(6));
  if (found === undefined) return {};
  try {
    const result: unknown = decodeResponse<never, unknown>(found[1], response);
    const members = Object.entries((result ?? {}) as Readonly<Record<string, unknown>>);
    return Object.fromEntries(members.map(([name, value]) => [name, show(name, value)]));
  } catch (error) {
    if (error instanceof TpmResponseError) return {};
    if (error instanceof CodecError) return { malformed: error.message };
    throw error;
  }
}

const byCode = new Map(
  Object.entries(commands).map(([name, command]) => [command.code, [name as CommandName, command] as const]),
);

/** What a TPM gives to its owner only. */
const secretResults: ReadonlySet<string> = new Set([
  'certInfo',
  'outData',
  'outHMAC',
  'outPrivate',
  'randomBytes',
  'result',
]);

/** Parameters in their order in Part 3, as far as they have a fixed form. */
const parameters: Readonly<Partial<Record<CommandName, readonly (readonly [string, FieldKind])[]>>> = {
  Startup: [['startupType', 'u16']],
  Shutdown: [['shutdownType', 'u16']],
  SelfTest: [['fullTest', 'u8']],
  StartAuthSession: [
    ['nonceCaller', 'bytes'],
    ['encryptedSalt', 'secret'],
    ['sessionType', 'u8'],
  ],
  Create: [
    ['inSensitive', 'secret'],
    ['inPublic', 'bytes'],
    ['outsideInfo', 'bytes'],
    ['creationPCR', 'u32'],
  ],
  CreatePrimary: [
    ['inSensitive', 'secret'],
    ['inPublic', 'bytes'],
    ['outsideInfo', 'bytes'],
    ['creationPCR', 'u32'],
  ],
  Load: [
    ['inPrivate', 'secret'],
    ['inPublic', 'bytes'],
  ],
  ActivateCredential: [
    ['credentialBlob', 'bytes'],
    ['secret', 'bytes'], // encrypted, to the EK
  ],
  Import: [
    ['encryptionKey', 'secret'],
    ['objectPublic', 'bytes'],
    ['duplicate', 'secret'],
    ['inSymSeed', 'bytes'],
  ],
  HMAC: [
    ['buffer', 'bytes'],
    ['hashAlg', 'u16'],
  ],
  HMAC_Start: [
    ['auth', 'secret'],
    ['hashAlg', 'u16'],
  ],
  SequenceUpdate: [['buffer', 'bytes']],
  SequenceComplete: [
    ['buffer', 'bytes'],
    ['hierarchy', 'u32'],
  ],
  GetRandom: [['bytesRequested', 'u16']],
  Sign: [['digest', 'bytes']],
  HierarchyChangeAuth: [['newAuth', 'secret']],
  EvictControl: [['persistentHandle', 'u32']],
  GetCapability: [
    ['capability', 'u32'],
    ['property', 'u32'],
    ['propertyCount', 'u32'],
  ],
};

function readField(reader: ByteReader, name: string, kind: FieldKind): string {
  switch (kind) {
    case 'u8':
      return String(reader.u8(name));
    case 'u16':
      return hex(reader.u16(name), 4);
    case 'u32':
      return hex(reader.u32(name), 8);
    case 'bytes':
      return shownBytes(reader.sized(name));
    case 'secret':
      return shownSecret(reader.sized(name));
  }
}

function show(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return secretResults.has(name) ? shownSecret(value) : shownBytes(value);
  if (typeof value === 'number') return hex(value, 8);
  if (typeof value === 'boolean') return String(value);
  return '…';
}

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
