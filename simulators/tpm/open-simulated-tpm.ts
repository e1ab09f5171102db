import { readFile, rename, writeFile } from 'node:fs/promises';
import { EnvironmentError, UsageError } from '../kernel/errors.ts';
import { provisionTpm } from './attestation.ts';
import { ensureTpms } from './manufacture.ts';
import { createTpmClient } from './tpm-client.ts';
import type { ManufacturedTpm } from './transport.ts';
import { openSwtpmProcess, type SwtpmProcess } from './transports/swtpm-process.ts';

/** Which simulated TPM. All of them have an EK and an SRK. */
export type SimulatedTpmSource =
  /** One of the cache, by its number from 0 or its id; what is done to it is forgotten. */
  | { readonly kind: 'cached'; readonly tpm: string; readonly cacheDirectory?: string | undefined }
  /** Kept in a file, which is made when missing, and written when the TPM is closed unless `readOnly`. */
  | { readonly kind: 'state-file'; readonly file: string; readonly readOnly?: boolean }
  /** A new one that nobody has seen before, and nobody will again. */
  | { readonly kind: 'ephemeral' };

export interface SimulatedTpm extends AsyncDisposable {
  /** What people know it by. */
  readonly label: string;
  readonly transport: SwtpmProcess;
}

export interface OpenSimulatedTpmOptions {
  readonly signal: AbortSignal;
  /** TPMs are being made first, which takes a few hundredths of a second each. */
  readonly onProgress?: ((made: number, toMake: number) => void) | undefined;
}

/**
 * Powers on one simulated TPM, in a swtpm process of its own.
 *
 * @throws UsageError for a name that no TPM of the cache can have
 * @throws EnvironmentError when swtpm is missing, or a state file cannot be read, written or is damaged
 */
export async function openSimulatedTpm(
  source: SimulatedTpmSource,
  options: OpenSimulatedTpmOptions,
): Promise<SimulatedTpm> {
  switch (source.kind) {
    case 'cached': {
      const { tpmId, stateFile } = await cachedTpm(source, options);
      return open(tpmId, await readFile(stateFile), options.signal);
    }
    case 'state-file': {
      const { file, readOnly = false } = source;
      return open(file, await readState(file), options.signal, readOnly ? undefined : file);
    }
    case 'ephemeral':
      return open('a new TPM', undefined, options.signal);
  }
}

/** @param state undefined makes a new TPM */
async function open(
  label: string,
  state: Uint8Array | undefined,
  signal: AbortSignal,
  saveTo?: string,
): Promise<SimulatedTpm> {
  await using cleanup = new AsyncDisposableStack();
  const transport = cleanup.use(await powerOn(label, state, signal));
  if (state === undefined) await provisionTpm(createTpmClient(transport), { signal });
  // At the start too: a file that cannot be written must not be found out at the end.
  const saveState = async (): Promise<void> => {
    if (saveTo !== undefined && transport.usable) await save(saveTo, await transport.getState());
  };
  await saveState();
  cleanup.defer(saveState);
  const resources = cleanup.move();
  return { label, transport, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function powerOn(
  label: string,
  state: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<SwtpmProcess> {
  try {
    return await openSwtpmProcess({ state, signal });
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    throw new EnvironmentError('swtpm', `cannot start from the state of ${label}`, { cause });
  }
}

async function cachedTpm(
  { tpm, cacheDirectory }: Extract<SimulatedTpmSource, { kind: 'cached' }>,
  options: OpenSimulatedTpmOptions,
): Promise<ManufacturedTpm> {
  const index = Number(/^(?:rsa2048-)?(\d{1,6})$/.exec(tpm)?.[1] ?? Number.NaN);
  if (Number.isNaN(index)) {
    throw new UsageError(`${tpm} is no TPM of the cache`, {
      hint: 'Give a number from 0, or an id like rsa2048-000042.',
    });
  }
  const tpms = await ensureTpms({ ...options, count: index + 1, cacheDirectory });
  const found = tpms[index];
  if (found === undefined) throw new EnvironmentError('TPM cache', `has no TPM ${tpm}`);
  return found;
}

/** Undefined when there is no such file. */
async function readState(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EnvironmentError('TPM state', `cannot read ${file}`, { cause });
  }
}

/** The file holds secrets, of a simulated TPM; it is replaced as a whole. */
async function save(file: string, state: Uint8Array): Promise<void> {
  try {
    await writeFile(`${file}.new`, state, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (cause) {
    throw new EnvironmentError('TPM state', `cannot write ${file}`, { hint: 'Choose another file.', cause });
  }
}
