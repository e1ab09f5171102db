import { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import {
  type CommandAuthorization,
  emptyPassword,
  skipResponseAuthorizations,
  writeAuthorizationArea,
} from './authorization.ts';
import { TPM_ST } from './constants.ts';
import { tpmResponseError } from './response-code.ts';

/** One command of Part 3 as data: what goes out, what comes back. */
export interface TpmCommand<Request, Result> {
  readonly name: `TPM2_${string}`;
  /** TPM_CC, Part 2 §6.5.2. */
  readonly code: number;
  readonly handles: readonly HandleName[];
  /** Writes what follows the handles and authorizations. */
  readonly parameters: (writer: ByteWriter, request: Request) => void;
  /** Whether the response starts with a handle, in front of the size of its parameters. */
  readonly responseHandle: boolean;
  readonly result: (reader: ByteReader, responseHandle: number) => Result;
}

/** A handle's name in Part 3; `@` in front, as there, means that it needs authorization. */
export type HandleName = string;

/** What every command takes besides its own handles and parameters. */
export interface Authorized {
  /** One per `@` handle, in order; what is left out is authorized by an empty password. */
  readonly authorizations?: readonly CommandAuthorization[];
}

type PlainName<Name extends HandleName> = Name extends `@${infer Plain}` ? Plain : Name;
type Handles<Names extends readonly HandleName[]> = {
  readonly [Name in Names[number] as PlainName<Name>]: number;
};

interface CommandDefinition<Names extends readonly HandleName[], Parameters, Result> {
  readonly name: `TPM2_${string}`;
  readonly code: number;
  readonly handles?: Names;
  readonly parameters?: (writer: ByteWriter, parameters: Parameters) => void;
  readonly responseHandle?: true;
  /** Reads the response's parameters to their end; without it there are none. */
  readonly result?: (reader: ByteReader, responseHandle: number) => Result;
}

/** Makes a table entry; its request type has a field per handle, and the fields that `parameters` asks for. */
export function defineCommand<
  const Names extends readonly HandleName[] = readonly [],
  Parameters = unknown,
  Result = undefined,
>(
  definition: CommandDefinition<Names, Parameters, Result>,
): TpmCommand<Handles<Names> & Parameters & Authorized, Result> {
  return {
    name: definition.name,
    code: definition.code,
    handles: definition.handles ?? [],
    parameters: definition.parameters ?? (() => undefined),
    responseHandle: definition.responseHandle ?? false,
    // A definition without `result` has Result = undefined, by the default of the type parameter.
    result: definition.result ?? (() => undefined as Result),
  };
}

/** The whole command buffer (Part 1 §18.2). */
export function encodeCommand<Request extends Authorized, Result>(
  command: TpmCommand<Request, Result>,
  request: Request,
): Uint8Array {
  const authorizations = command.handles
    .filter(needsAuthorization)
    .map((_, index) => request.authorizations?.[index] ?? emptyPassword);
  const handles = request as Readonly<Record<string, unknown>>;
  const writer = new ByteWriter();
  writer
    .u16(authorizations.length === 0 ? TPM_ST.NO_SESSIONS : TPM_ST.SESSIONS)
    .u32(0)
    .u32(command.code);
  for (const name of command.handles) writer.u32(Number(handles[plainHandleName(name)]));
  if (authorizations.length > 0) writeAuthorizationArea(writer, authorizations);
  command.parameters(writer, request);
  return withSize(writer.finish());
}

/**
 * The result of a command from its response buffer; byte strings in it are views of the buffer.
 *
 * @throws TpmResponseError when the response code is not TPM_RC_SUCCESS
 * @throws CodecError when the response is malformed
 */
export function decodeResponse<Request, Result>(
  command: TpmCommand<Request, Result>,
  response: Uint8Array,
): Result {
  const reader = new ByteReader(response);
  const tag = reader.u16('response tag');
  const size = reader.u32('responseSize');
  if (size !== response.length) {
    throw new CodecError(`responseSize is ${size}`, 2, `${response.length}, as many bytes as came`);
  }
  const responseCode = reader.u32('responseCode');
  if (responseCode !== 0) throw tpmResponseError(command.name, responseCode);

  const handle = command.responseHandle ? reader.u32('response handle') : 0;
  // A command with authorizations is answered with as many, one without with none (Part 1 §18.9).
  const authorizationCount = command.handles.filter(needsAuthorization).length;
  const wantedTag = authorizationCount === 0 ? TPM_ST.NO_SESSIONS : TPM_ST.SESSIONS;
  if (tag !== wantedTag) {
    throw new CodecError(`response tag is 0x${tag.toString(16)}`, 0, `0x${wantedTag.toString(16)}`);
  }
  const parameterSize = tag === TPM_ST.SESSIONS ? reader.u32('parameterSize') : reader.remaining;
  const end = reader.offset + parameterSize;
  const result = command.result(reader, handle);
  if (reader.offset !== end) {
    throw new CodecError(`parameters of ${command.name} do not have their size`, reader.offset, `${end}`);
  }
  skipResponseAuthorizations(reader, authorizationCount);
  reader.end(`response of ${command.name}`);
  return result;
}

/** Without the `@`. */
export const plainHandleName = (name: HandleName): string => (name.startsWith('@') ? name.slice(1) : name);

const needsAuthorization = (name: HandleName): boolean => name.startsWith('@');

function withSize(command: Uint8Array): Uint8Array {
  new DataView(command.buffer, command.byteOffset).setUint32(2, command.length);
  return command;
}
