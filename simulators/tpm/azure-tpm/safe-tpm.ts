import { TPM_HANDLE, TPM_RC, TPM2B_PRIVATE, Tpm, type TpmBuffer, TpmError } from 'tss.js';
import type { RespStructure } from 'tss.js/lib/TpmStructure.js';
import { toError } from '../../kernel/errors.ts';
import type { TransportDevice } from './transport-device.ts';

/** The commands that TpmSecurityClient uses; the last argument of each is its continuation. */
const commands = [
  'ReadPublic',
  'CreatePrimary',
  'EvictControl',
  'FlushContext',
  'GetRandom',
  'GetCapability',
  'StartAuthSession',
  'PolicySecret',
  'ActivateCredential',
  'Import',
  'Load',
  'HMAC',
  'HMAC_Start',
  'SequenceUpdate',
  'SequenceComplete',
] as const;
type CommandName = (typeof commands)[number];

/**
 * What a continuation gets in the place of a missing result. TpmSecurityClient writes these results into its debug
 * log before it looks at the error, and `undefined` there would end the process.
 */
const placeholders: Partial<Record<CommandName, () => unknown>> = {
  StartAuthSession: () => ({ handle: new TPM_HANDLE(0), nonceTPM: Buffer.alloc(0) }),
  ActivateCredential: () => Buffer.alloc(0),
  Import: () => new TPM2B_PRIVATE(Buffer.alloc(0)),
  Load: () => new TPM_HANDLE(0),
};

export interface SafeTpmOptions {
  readonly device: TransportDevice;
  /** Whether TpmSecurityClient may make an EK or SRK that is missing, by its own template. */
  readonly createMissingKeys: boolean;
  /** Told when the client threw in a continuation, where nobody else could catch it. It gets no further answers. */
  readonly onCrash: (error: Error) => void;
}

type Continuation = (error: TpmError | null, result?: unknown) => void;

/** The `Tpm` of tss.js, with every way closed by which an answer of the TPM can end the process. */
export class SafeTpm extends Tpm {
  readonly #createMissingKeys: boolean;

  constructor({ device, createMissingKeys, onCrash }: SafeTpmOptions) {
    super(false);
    this.#createMissingKeys = createMissingKeys;
    // Declared private in TpmBase, which has no other way to take a device.
    Reflect.set(this, 'device', device);
    for (const name of commands) this.#guard(name, onCrash);
  }

  /** A response that tss.js cannot read throws on the event loop there; here it is an error of the command. */
  protected override processResponse<T extends RespStructure>(
    response: TpmBuffer,
    responseType?: new () => T,
  ): T {
    try {
      const result = super.processResponse(response, responseType);
      // Past the end of a response tss.js reads zeros and empty strings, and notes it.
      return this.#noError() && !response.isOk() ? this.#unreadable('it is cut short') : result;
    } catch (thrown) {
      return this.#unreadable(toError(thrown).message);
    }
  }

  #noError(): boolean {
    return (this.lastError as TpmError | null) === null;
  }

  #unreadable<T>(why: string): T {
    const message = `the response cannot be read: ${why}`;
    // The declared types leave out that a result is missing where there is an error.
    return this.generateError(TPM_RC.TSS_RESP_BUF_INVALID_SIZE, message, true) as unknown as T;
  }

  #guard(name: CommandName, onCrash: (error: Error) => void): void {
    const command = Reflect.get(this, name) as (...args: unknown[]) => void;
    const guarded = (...args: unknown[]): void => {
      const continuation = args.pop() as Continuation;
      const safeContinuation: Continuation = (error, result) => {
        try {
          continuation(error, error ? (result ?? placeholders[name]?.()) : result);
        } catch (thrown) {
          onCrash(toError(thrown));
        }
      };
      if (name === 'CreatePrimary' && !this.#createMissingKeys) {
        // The client makes a key after any failure of ReadPublic, even a broken connection.
        setImmediate(
          safeContinuation,
          (this.lastError as TpmError | null) ?? new TpmError(TPM_RC.HANDLE, name, 'no such key'),
        );
        return;
      }
      command.call(this, ...args, safeContinuation);
    };
    Object.defineProperty(this, name, { value: guarded });
  }
}
