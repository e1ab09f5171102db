import { TpmSecurityClient } from 'azure-iot-security-tpm';
import { systemClock } from '../../kernel/clock.ts';
import { startDeadline, untilAborted } from '../../kernel/deadline.ts';
import { TransportError, toError } from '../../kernel/errors.ts';
import { createLimiter } from '../../kernel/limiter.ts';
import { withQueue } from '../decorators/queue.ts';
import { withRetry } from '../decorators/retry.ts';
import { withTimeout } from '../decorators/timeout.ts';
import type { TpmTransport } from '../transport.ts';
import { type HandleTracker, trackHandles } from './handle-tracker.ts';
import { SafeTpm } from './safe-tpm.ts';
import { TransportDevice } from './transport-device.ts';

/** A TPM that is there for one flow at a time, as those of a host are. */
export interface TpmLease {
  use<T>(flow: (transport: TpmTransport) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export interface AzureTpmSecurityClientOptions {
  /** An open transport to a TPM that has been started, or one leased for each operation; it stays the caller's. */
  readonly transport: TpmTransport | TpmLease;
  /** By default base32 of SHA-256 of the EK, as every SDK of Azure derives it. */
  readonly registrationId?: string | undefined;
  /** One command; key creation on a real chip can take seconds. Default 30 s. */
  readonly commandTimeoutMs?: number | undefined;
  /** One whole operation; waiting for its turn and for a lease is not counted. Default 120 s. */
  readonly operationTimeoutMs?: number | undefined;
  /** Waiting for a lease, where many share a few TPM processes. Default 10 min. */
  readonly leaseTimeoutMs?: number | undefined;
  /**
   * Lets the package make an EK or SRK where the TPM has none, as it does by itself. Its EK is another one than that
   * of tpm2-tools and IoT Edge on the same TPM (`unique` of its template is empty). Default: false, a missing key is
   * an error.
   */
  readonly createMissingKeys?: boolean | undefined;
}

/** For a TPM that has stopped answering: who waits for the error should not wait much longer. */
const cleanUpTimeoutMs = 1_000;
const never = new AbortController().signal;

type Callback<Value> = (error: Error, value?: Value) => void;
/** The package's own convention: the error comes first, and is null (which its types leave out) for success. */
type Operation<Value> = (client: TpmSecurityClient, callback: Callback<Value>) => void;

/**
 * `TpmSecurityClient` of azure-iot-security-tpm, unmodified, over any TPM, and safe to use: whatever the TPM answers
 * or fails to answer is an error of the operation. Operations take turns; each leaves no session in the TPM.
 *
 * Every method takes a callback, as the SDKs call them, or returns a promise. Errors are those of the package where it
 * reported one, with a `cause` that says more; else TransportError: `TIMEOUT`, or `AZURE_TPM_CRASHED` where the package
 * threw.
 */
export function createAzureTpmSecurityClient(options: AzureTpmSecurityClientOptions): AzureTpmSecurityClient {
  return new AzureTpmSecurityClient(options);
}

/** One life of the package's client: it is given up after any error, for some leave its state machine stuck. */
interface Client {
  readonly tpm: TpmSecurityClient;
  readonly device: TransportDevice;
  /** Where an exception in a continuation goes; the operation in progress sets it. */
  fail: (error: Error) => void;
}

/** Made by `createAzureTpmSecurityClient`; fits wherever an Azure SDK takes a TPM security client. */
export class AzureTpmSecurityClient {
  readonly #options: AzureTpmSecurityClientOptions;
  readonly #lease: TpmLease;
  readonly #tracker: HandleTracker;
  readonly #turns = createLimiter(1);
  #client: Client | undefined;
  #leased: TpmTransport | undefined;

  constructor(options: AzureTpmSecurityClientOptions) {
    const { transport, commandTimeoutMs = 30_000 } = options;
    this.#options = options;
    this.#lease = 'use' in transport ? transport : { use: (flow) => flow(transport) };
    const busyRetry = { attempts: 8, pauseMs: 5, maxPauseMs: 500, clock: systemClock };
    const leased = currentTransport(() => this.#leased);
    this.#tracker = trackHandles(withQueue(withTimeout(withRetry(leased, busyRetry), commandTimeoutMs)));
  }

  /** TPM2B_PUBLIC of the EK, with its size. */
  getEndorsementKey(): Promise<Buffer>;
  getEndorsementKey(callback: Callback<Buffer>): void;
  getEndorsementKey(callback?: Callback<Buffer>): Promise<Buffer> | undefined {
    return deliver(
      this.#run('getEndorsementKey', (client, done) => client.getEndorsementKey(done)),
      callback,
    );
  }

  /** TPM2B_PUBLIC of the SRK, with its size. */
  getStorageRootKey(): Promise<Buffer>;
  getStorageRootKey(callback: Callback<Buffer>): void;
  getStorageRootKey(callback?: Callback<Buffer>): Promise<Buffer> | undefined {
    return deliver(
      this.#run('getStorageRootKey', (client, done) => client.getStorageRootKey(done)),
      callback,
    );
  }

  getRegistrationId(): Promise<string>;
  getRegistrationId(callback: Callback<string>): void;
  getRegistrationId(callback?: Callback<string>): Promise<string> | undefined {
    return deliver(
      this.#run('getRegistrationId', (client, done) => client.getRegistrationId(done)),
      callback,
    );
  }

  /** Makes the key in the blob the identity key (0x81000100); `activationBlob` is the decoded `authenticationKey`. */
  activateIdentityKey(activationBlob: Buffer): Promise<void>;
  activateIdentityKey(activationBlob: Buffer, callback: (error: Error) => void): void;
  activateIdentityKey(activationBlob: Buffer, callback?: (error: Error) => void): Promise<void> | undefined {
    return deliver(
      this.#run<void>('activateIdentityKey', (client, done) =>
        client.activateIdentityKey(activationBlob, done),
      ),
      callback,
    );
  }

  /** HMAC-SHA256 with the identity key. */
  signWithIdentity(dataToSign: Buffer): Promise<Buffer>;
  signWithIdentity(dataToSign: Buffer, callback: Callback<Buffer>): void;
  signWithIdentity(dataToSign: Buffer, callback?: Callback<Buffer>): Promise<Buffer> | undefined {
    return deliver(
      this.#run('signWithIdentity', (client, done) => client.signWithIdentity(dataToSign, done)),
      callback,
    );
  }

  #run<Value>(name: string, operation: Operation<Value>): Promise<Value> {
    return this.#turns.run(async () => {
      const { operationTimeoutMs = 120_000, leaseTimeoutMs = 600_000 } = this.#options;
      const what = `${name} of azure-iot-security-tpm`;
      using waiting = startDeadline(leaseTimeoutMs, never, `waiting for the TPM for ${what}`);
      return await this.#lease.use(async (transport) => {
        waiting[Symbol.dispose]();
        using deadline = startDeadline(operationTimeoutMs, never, what);
        this.#leased = transport;
        try {
          return await this.#attempt(what, operation, deadline.signal);
        } finally {
          // A TPM that is gone has no sessions either; the operation's own error is the one to report.
          await this.#tracker.flushLeftovers(AbortSignal.timeout(cleanUpTimeoutMs)).catch(() => undefined);
          this.#leased = undefined;
        }
      }, waiting.signal);
    });
  }

  async #attempt<Value>(what: string, operation: Operation<Value>, signal: AbortSignal): Promise<Value> {
    this.#client ??= this.#makeClient();
    const client = this.#client;
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    client.fail = (cause) => {
      const message = `${what} threw: ${cause.message}`;
      reject(new TransportError('tpm', 'AZURE_TPM_CRASHED', message, { cause }));
    };
    try {
      operation(client.tpm, (error: Error | null, value) => {
        if (error) reject(error);
        else resolve(value as Value);
      });
    } catch (thrown) {
      client.fail(toError(thrown));
    }
    try {
      return await untilAborted(promise, signal);
    } catch (thrown) {
      client.device.cut();
      this.#client = undefined;
      throw withCause(toError(thrown), client.device.lastFailure);
    }
  }

  #makeClient(): Client {
    const device = new TransportDevice(this.#tracker.transport);
    const { registrationId, createMissingKeys = false } = this.#options;
    const client: Client = {
      device,
      fail: () => undefined,
      tpm: new TpmSecurityClient(
        registrationId,
        new SafeTpm({ device, createMissingKeys, onCrash: (error) => client.fail(error) }),
      ),
    };
    return client;
  }
}

/** The transport of the moment. A command that a client sends when its operation is over finds none. */
function currentTransport(current: () => TpmTransport | undefined): TpmTransport {
  const close = (): Promise<void> => Promise.resolve();
  return {
    send: (command, signal) => {
      const transport = current();
      if (transport !== undefined) return transport.send(command, signal);
      return Promise.reject(new TransportError('aborted', 'ABORTED', 'the operation is over'));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function deliver<Value>(
  result: Promise<Value>,
  callback: Callback<Value> | undefined,
): Promise<Value> | undefined {
  if (callback === undefined) return result;
  const succeeded = null as unknown as Error;
  result.then(
    (value) => setImmediate(callback, succeeded, value),
    (thrown: unknown) => setImmediate(callback, toError(thrown)),
  );
  return undefined;
}

function withCause(error: Error, cause: Error | undefined): Error {
  if (error.cause === undefined && cause !== undefined && error !== cause) error.cause = cause;
  return error;
}
