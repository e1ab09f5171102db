import koffi from 'koffi';
import { checkResponseCode, TssUsageError } from './errors.ts';
import { ExclusiveUse } from './exclusive-use.ts';
import {
  type Cell,
  c,
  callAsync,
  lazy,
  type NativeFunction,
  nativeFunction,
  type Pointer,
} from './library.ts';

/** TPM2_MAX_RESPONSE_SIZE of tss2_tpm2_types.h. */
const maxResponseBytes = 4096;
/** TSS2_TCTI_TIMEOUT_BLOCK. */
const blockForever = -1;

const Tss2_TctiLdr_Initialize = lazy(() =>
  nativeFunction<[string | null, Cell<Pointer | null>], number>(
    'tctildr',
    'Tss2_TctiLdr_Initialize',
    c.uint32,
    [c.string, c.outPointer],
  ),
);
const Tss2_TctiLdr_Finalize = lazy(() =>
  nativeFunction<[Cell<Pointer | null>], undefined>('tctildr', 'Tss2_TctiLdr_Finalize', c.none, [
    c.inOutPointer,
  ]),
);

/** The functions in TSS2_TCTI_CONTEXT_COMMON_V1 (tss2_tcti.h): the head of every context is a table of pointers. */
interface ContextFunctions {
  readonly transmit: NativeFunction<[Pointer, number, Uint8Array], number>;
  readonly receive: NativeFunction<[Pointer, Cell<number>, Uint8Array, number], number>;
  readonly cancel: NativeFunction<[Pointer], number>;
  readonly setLocality: NativeFunction<[Pointer, number], number>;
}

const contextLayout = lazy(() => ({
  head: koffi.struct({
    magic: 'uint64_t',
    version: 'uint32_t',
    transmit: 'void *',
    receive: 'void *',
    finalize: 'void *',
    cancel: 'void *',
    getPollHandles: 'void *',
    setLocality: 'void *',
  }),
  transmit: koffi.proto(c.uint32, [c.pointer, c.size, c.pointer]),
  receive: koffi.proto(c.uint32, [c.pointer, c.inOutSize, c.pointer, c.int32]),
  cancel: koffi.proto(c.uint32, [c.pointer]),
  setLocality: koffi.proto(c.uint32, [c.pointer, c.uint8]),
}));

function functionsOf(context: Pointer): ContextFunctions {
  const layout = contextLayout();
  const head = koffi.decode(context, layout.head) as Record<keyof ContextFunctions, Pointer>;
  // tctildr fills in every pointer; a TCTI that lacks a function answers NOT_IMPLEMENTED.
  return {
    transmit: koffi.decode(head.transmit, layout.transmit) as ContextFunctions['transmit'],
    receive: koffi.decode(head.receive, layout.receive) as ContextFunctions['receive'],
    cancel: koffi.decode(head.cancel, layout.cancel) as ContextFunctions['cancel'],
    setLocality: koffi.decode(head.setLocality, layout.setLocality) as ContextFunctions['setLocality'],
  };
}

/**
 * Connects to a TPM by a TCTI string as tpm2-tools take it: `device:/dev/tpmrm0`, `swtpm:host=127.0.0.1,port=2321`,
 * `mssim:...`, `tabrmd:...`, `cmd:...`.
 *
 * @param nameConf empty for the default of the machine
 * @throws TssError `TSS2_TCTI_RC_IO_ERROR` and the like when there is no such TCTI or no TPM behind it
 * @throws TssLibraryError without libtss2-tctildr
 */
export async function openTcti(nameConf: string): Promise<Tcti> {
  const context: Cell<Pointer | null> = [null];
  const name = nameConf === '' ? null : nameConf;
  const responseCode = await callAsync(Tss2_TctiLdr_Initialize(), name, context);
  checkResponseCode(`Tss2_TctiLdr_Initialize(${JSON.stringify(nameConf)})`, responseCode);
  if (context[0] === null)
    throw new TssUsageError('TSS_NO_RESULT', 'Tss2_TctiLdr_Initialize gave no context');
  return new Tcti(context[0]);
}

/** A connection to a TPM: whole command buffers out, whole response buffers in. Made by `openTcti`. */
export class Tcti implements AsyncDisposable {
  readonly #context: Pointer;
  readonly #functions: ContextFunctions;
  /** Shared with an ESYS context on top: the two are one state to libtss2. */
  readonly exclusive = new ExclusiveUse('TCTI context');

  constructor(context: Pointer) {
    this.#context = context;
    this.#functions = functionsOf(context);
  }

  /** TSS2_TCTI_CONTEXT *, for other bindings to libtss2. It ends with `close`. */
  get pointer(): Pointer {
    return this.#context;
  }

  /**
   * Sends a command and waits for the response, on another thread.
   *
   * Most TCTIs cannot give up once they wait: a TPM that never answers keeps that thread, and `close` waits too.
   *
   * @throws TssError of layer `tcti`; the response code of the TPM is in the answer, not here
   */
  async transceive(command: Uint8Array): Promise<Uint8Array> {
    return this.exclusive.run('Tss2_Tcti_Transmit', async () => {
      await this.#transmit(command);
      return this.#receive(blockForever);
    });
  }

  /** Sends a command; `receive` must follow. */
  async transmit(command: Uint8Array): Promise<void> {
    await this.exclusive.run('Tss2_Tcti_Transmit', async () => this.#transmit(command));
  }

  /**
   * Waits for the response to the command transmitted before.
   *
   * @param timeoutMs -1 waits for ever; most TCTIs know no other value
   * @throws TssError `TSS2_TCTI_RC_TRY_AGAIN` when a TCTI with timeouts has none yet
   */
  async receive(timeoutMs = blockForever): Promise<Uint8Array> {
    return this.exclusive.run('Tss2_Tcti_Receive', async () => this.#receive(timeoutMs));
  }

  /** Asks the TPM to give up the command in progress. @throws TssError `NOT_IMPLEMENTED` where a TCTI cannot */
  async cancel(): Promise<void> {
    await this.exclusive.run('Tss2_Tcti_Cancel', async () => {
      checkResponseCode('Tss2_Tcti_Cancel', await callAsync(this.#functions.cancel, this.#context));
    });
  }

  /** Locality 0 to 4 of the commands that follow. @throws TssError `NOT_IMPLEMENTED` where a TCTI has none */
  async setLocality(locality: number): Promise<void> {
    await this.exclusive.run('Tss2_Tcti_SetLocality', async () => {
      const responseCode = await callAsync(this.#functions.setLocality, this.#context, locality);
      checkResponseCode('Tss2_Tcti_SetLocality', responseCode);
    });
  }

  /** Waits for the call in progress, then disconnects. */
  async close(): Promise<void> {
    await this.exclusive.close(async () => {
      await callAsync(Tss2_TctiLdr_Finalize(), [this.#context]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #transmit(command: Uint8Array): Promise<void> {
    const responseCode = await callAsync(this.#functions.transmit, this.#context, command.length, command);
    checkResponseCode('Tss2_Tcti_Transmit', responseCode);
  }

  async #receive(timeoutMs: number): Promise<Uint8Array> {
    const response = new Uint8Array(maxResponseBytes);
    const size: Cell<number> = [response.length];
    const responseCode = await callAsync(this.#functions.receive, this.#context, size, response, timeoutMs);
    checkResponseCode('Tss2_Tcti_Receive', responseCode);
    return response.slice(0, size[0]);
  }
}
