import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { abortError } from '../kernel/deadline.ts';
import { makeDirectory } from '../kernel/make-directory.ts';
import type { ManufacturedTpm } from './transport.ts';

/** A TPM as it leaves the factory. */
export interface NewTpm {
  /** Permanent state, secret. */
  readonly state: Uint8Array;
  readonly endorsementKey: Uint8Array;
  readonly storageRootKey: Uint8Array;
}

/**
 * Manufactured TPMs on disk, numbered from 0.
 *
 * One file of state per TPM, and one index with a line of JSON per TPM that is only ever appended to; of two lines
 * for one TPM the later counts. A digest over state and public keys is in the line and in the state file's name: a
 * damaged entry shows, and a remade one never shares a file with the one that it replaces.
 */
export interface TpmCache {
  /** The sound ones among the first `count`, in order; undefined where one is missing, damaged or a duplicate. */
  load(count: number, signal: AbortSignal): Promise<(ManufacturedTpm | undefined)[]>;
  /** How many the index knows of, sound or not. */
  size(): Promise<number>;
  /** Adds number `index`, or replaces it. */
  add(index: number, tpm: NewTpm): Promise<ManufacturedTpm>;
}

/** `${XDG_CACHE_HOME:-~/.cache}/dps-rig/tpms` */
export function defaultTpmCacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: cacheHome } = environment;
  const base = cacheHome === undefined || cacheHome === '' ? join(homedir(), '.cache') : cacheHome;
  return join(base, 'dps-rig', 'tpms');
}

const indexLine = z.strictObject({
  tpmId: z.string(),
  /** SHA-256 of state, EK and SRK. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  endorsementKey: z.base64(),
  storageRootKey: z.base64(),
});
type IndexLine = z.infer<typeof indexLine>;

/** State files are read in slices so that signals and timers get their turn in between. */
const sliceLength = 200;

/** @param directory made when missing, for its owner only */
export async function openTpmCache(directory: string): Promise<TpmCache> {
  const stateDirectory = join(directory, 'states');
  const indexFile = join(directory, 'index.jsonl');
  makeDirectory(stateDirectory, 'the TPM cache', 0o700);
  await chmod(directory, 0o700);
  const stateFileOf = (tpmId: string, digest: string): string =>
    join(stateDirectory, `${tpmId}.${digest.slice(0, 16)}`);

  const read = (line: IndexLine): ManufacturedTpm | undefined => {
    const tpm = {
      tpmId: line.tpmId,
      stateFile: stateFileOf(line.tpmId, line.digest),
      endorsementKey: fromBase64(line.endorsementKey),
      storageRootKey: fromBase64(line.storageRootKey),
    };
    const state = readIfThere(tpm.stateFile);
    return state !== undefined && digestOf({ ...tpm, state }) === line.digest ? tpm : undefined;
  };
  const readIndex = async (): Promise<Map<string, IndexLine>> =>
    parseIndex(await readFile(indexFile, 'utf8').catch(() => ''));
  return {
    size: async () => (await readIndex()).size,
    load: async (count, signal) => {
      const lines = await readIndex();
      const endorsementKeys = new Set<string>();
      const tpms: (ManufacturedTpm | undefined)[] = [];
      for (let index = 0; index < count; index += 1) {
        if (index % sliceLength === 0) await nextTurn();
        if (signal.aborted) throw abortError(signal);
        const line = lines.get(tpmIdOf(index));
        const isNew = line !== undefined && !endorsementKeys.has(line.endorsementKey);
        const tpm = isNew ? read(line) : undefined;
        if (tpm !== undefined && isNew) endorsementKeys.add(line.endorsementKey);
        tpms.push(tpm);
      }
      return tpms;
    },
    add: async (index, { state, endorsementKey, storageRootKey }) => {
      const tpmId = tpmIdOf(index);
      const digest = digestOf({ state, endorsementKey, storageRootKey });
      const stateFile = stateFileOf(tpmId, digest);
      await writeFile(`${stateFile}.new`, state, { mode: 0o600 });
      await rename(`${stateFile}.new`, stateFile);
      const line: IndexLine = {
        tpmId,
        digest,
        endorsementKey: toBase64(endorsementKey),
        storageRootKey: toBase64(storageRootKey),
      };
      // The line break comes first: what a killed writer left unfinished must not swallow this line.
      await appendFile(indexFile, `\n${JSON.stringify(line)}`, { mode: 0o600 });
      return { tpmId, stateFile, endorsementKey, storageRootKey };
    },
  };
}

const tpmIdOf = (index: number): string => `rsa2048-${String(index).padStart(6, '0')}`;

const digestOf = ({ state, endorsementKey, storageRootKey }: NewTpm): string =>
  createHash('sha256').update(state).update(endorsementKey).update(storageRootKey).digest('hex');

function parseIndex(text: string): Map<string, IndexLine> {
  const lines = new Map<string, IndexLine>();
  for (const lineText of text.split('\n')) {
    const line = indexLine.safeParse(parseJson(lineText));
    if (line.success) lines.set(line.data.tpmId, line.data);
  }
  return lines;
}

/** Undefined for what is no JSON: a line that a killed writer left unfinished, or a damaged one. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readIfThere(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
