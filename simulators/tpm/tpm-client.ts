import { randomBytes } from 'node:crypto';
import { abortError } from '../kernel/deadline.ts';
import { type CommandAuthorization, policySession } from './codec/authorization.ts';
import { type Authorized, decodeResponse, encodeCommand, type TpmCommand } from './codec/command.ts';
import { commands } from './codec/commands.ts';
import { TPM_ALG, TPM_RH, TPM_SE } from './codec/constants.ts';
import type { TpmTransport } from './transport.ts';

/** Typed commands over any transport; it owns nothing, so there is nothing to close. */
export interface TpmClient {
  /**
   * Runs one command of the table.
   *
   * @example `await client.execute(commands.GetRandom, { bytesRequested: 16 }, signal)`
   * @throws TpmResponseError when the TPM refuses
   * @throws CodecError when its response is malformed
   * @throws TransportError when there is no response
   */
  execute<Request extends Authorized, Result>(
    command: TpmCommand<Request, Result>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<Result>;
  /** Runs a command that was encoded once, for requests that never change. Throws as `execute`. */
  run<Result>(prepared: PreparedCommand<Result>, signal?: AbortSignal): Promise<Result>;
}

/** A command with its bytes. */
export interface PreparedCommand<Result> {
  readonly bytes: Uint8Array;
  readonly decode: (response: Uint8Array) => Result;
}

export function createTpmClient(transport: TpmTransport): TpmClient {
  return {
    execute: async (command, request, signal) =>
      decodeResponse(command, await transport.send(encodeCommand(command, request), signal)),
    run: async ({ bytes, decode }, signal) => decode(await transport.send(bytes, signal)),
  };
}

export function prepareCommand<Request extends Authorized, Result>(
  command: TpmCommand<Request, Result>,
  request: Request,
): PreparedCommand<Result> {
  return {
    bytes: encodeCommand(command, request),
    decode: (response) => decodeResponse(command, response),
  };
}

/** An open policy session; its policy is still empty. */
export interface PolicySession {
  readonly handle: number;
  /** Authorizes a command after which the session goes on. */
  authorize(): CommandAuthorization;
  /** Authorizes the last command: the TPM then closes the session by itself, which saves a TPM2_FlushContext. */
  authorizeLast(): CommandAuthorization;
}

/**
 * Opens a policy session (SHA-256, unbound, unsalted) for as long as `use` runs. It is gone afterwards, whatever
 * happens: a TPM has room for three.
 *
 * @throws TransportError by the signal; TpmResponseError and what `use` throws
 */
export async function withPolicySession<T>(
  client: TpmClient,
  use: (session: PolicySession) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { sessionHandle } = await allocate(client, commands.StartAuthSession, policySessionRequest(), signal);
  const end = { byTpm: false };
  const session: PolicySession = {
    handle: sessionHandle,
    authorize: () => policySession(sessionHandle, true),
    authorizeLast: () => {
      end.byTpm = true;
      return policySession(sessionHandle, false);
    },
  };
  const result = await flushOnFailure(client, sessionHandle, () => use(session));
  if (!end.byTpm) await flush(client, sessionHandle);
  return result;
}

/**
 * Runs a command that leaves a transient object in the TPM, and flushes the object when `use` has ended, however.
 *
 * @throws as {@link withPolicySession}
 */
export async function withTransientObject<
  Request extends Authorized,
  Loaded extends { readonly objectHandle: number },
  T,
>(
  client: TpmClient,
  load: { readonly command: TpmCommand<Request, Loaded>; readonly request: Request },
  use: (loaded: Loaded) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const loaded = await allocate(client, load.command, load.request, signal);
  const result = await flushOnFailure(client, loaded.objectHandle, () => use(loaded));
  await flush(client, loaded.objectHandle);
  return result;
}

/**
 * Runs a command that allocates something in the TPM. An abort is noticed before it, not during it: the answer
 * carries the handle, and without it what was allocated could not be flushed.
 */
export function allocate<Request extends Authorized, Result>(
  client: TpmClient,
  command: TpmCommand<Request, Result>,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<Result> {
  return signal?.aborted === true ? Promise.reject(abortError(signal)) : client.execute(command, request);
}

/** Flushes the handle when `use` fails; what flushing itself then says is of no interest beside the failure. */
export async function flushOnFailure<T>(
  client: TpmClient,
  handle: number,
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await flush(client, handle, AbortSignal.timeout(cleanUpDeadlineMs)).catch(() => undefined);
    throw error;
  }
}

/** For a TPM that no longer answers: the caller waits to hear of the failure. */
const cleanUpDeadlineMs = 2000;

const flush = (client: TpmClient, flushHandle: number, signal?: AbortSignal): Promise<undefined> =>
  client.execute(commands.FlushContext, { flushHandle }, signal);

const policySessionRequest = () => ({
  tpmKey: TPM_RH.NULL,
  bind: TPM_RH.NULL,
  nonceCaller: randomBytes(16),
  sessionType: TPM_SE.POLICY,
  authHash: TPM_ALG.SHA256,
});
