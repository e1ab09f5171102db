import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WireRecord } from '../../simulators/index.ts';
import { UsageError } from '../../simulators/kernel/errors.ts';
import { BUNDLE_VERSION, type Bundle, bundleFiles, bundleSchema } from './bundle.ts';

/**
 * Reads a bundle, given its directory or its `bundle.json`.
 *
 * @throws UsageError naming the file, the line and the key that is wrong
 */
export async function readBundle(path: string): Promise<Bundle> {
  const directory = path.endsWith(bundleFiles.bundle) ? dirname(path) : path;
  const file = join(directory, bundleFiles.bundle);
  const parsed = bundleSchema.safeParse(parseJson(await read(file), file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = issue?.path.join('.') ?? '';
    throw new UsageError(`${file}: ${key === '' ? '' : `${key}: `}${issue?.message ?? 'is invalid'}`, {
      hint: `It is read by the version of dps-rig that wrote it, and by others with bundles of version ${BUNDLE_VERSION}.`,
    });
  }
  const wireFile = join(directory, bundleFiles.wire);
  return {
    ...parsed.data,
    directory,
    wire: (await read(wireFile))
      .split('\n')
      .filter((line) => line !== '')
      .map((line, index) => parseJson(line, `${wireFile}:${index + 1}`) as WireRecord),
    tpmState:
      parsed.data.tpm?.state === true ? await readBytes(join(directory, bundleFiles.tpmState)) : undefined,
  };
}

/** Whether something is a bundle rather than a scenario. */
export async function isBundle(path: string): Promise<boolean> {
  if (path.endsWith(bundleFiles.bundle)) return true;
  return stat(join(path, bundleFiles.bundle)).then(
    (found) => found.isFile(),
    () => false,
  );
}

const read = async (file: string): Promise<string> => (await readBytes(file)).toString();

async function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw new UsageError(`${file} cannot be read (${code})`, {
      cause,
      hint: 'Give the directory of a bundle, e.g. out/quickstart/bundles/rig-3f1c77-tpm-000042.',
    });
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
