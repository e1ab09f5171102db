import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { abortError } from '../kernel/deadline.ts';
import { EnvironmentError } from '../kernel/errors.ts';
import { startProcess } from '../processes/managed-process.ts';
import { openScratchDirectory } from '../processes/scratch-directory.ts';
import { type TokenRequest, tokenContents } from './provision-token.ts';

/** What the factory process is told, as one line of JSON on its descriptor 3. */
export const factoryJob = z.strictObject({
  directory: z.string(),
  tokens: z.array(z.strictObject({ label: z.string(), content: z.enum(tokenContents), pin: z.string() })),
});

/** What it answers: a line for each token. */
export const manufacturedToken = z.strictObject({
  label: z.string(),
  serial: z.string(),
  /** base64 SubjectPublicKeyInfo. */
  publicKey: z.string().optional(),
  image: z.record(z.string(), z.string()),
});
export type ManufacturedToken = z.infer<typeof manufacturedToken>;

/** C_InitToken slows down with the tokens that are there: a factory is closed after so many. */
export const TOKENS_PER_FACTORY = 250;

/**
 * Makes tokens in a process of its own, in a SoftHSM in memory: key generation is then the only cost, and it takes
 * another core than this process's.
 *
 * @param onToken called for each token, in order
 * @throws EnvironmentError when the process fails, with what it said
 */
export async function runTokenFactory(
  tokens: readonly TokenRequest[],
  onToken: (token: ManufacturedToken) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using directory = await openScratchDirectory({ name: 'token-factory', holdsModules: true });
  await using factory = await startProcess({
    command: process.execPath,
    args: [fileURLToPath(new URL(`./token-factory-main${extname(import.meta.filename)}`, import.meta.url))],
    channels: 1,
    install: 'Node.js is there, or this would not run',
  });
  const [channel] = factory.channels;
  if (channel === undefined) throw new EnvironmentError('token factory', 'has no channel');
  const lines = createInterface({ input: channel });
  const stop = (): void => lines.close(); // the loop below ends, and the process with its scope
  signal.addEventListener('abort', stop, { once: true });
  try {
    channel.on('error', () => undefined); // the process's exit says what went wrong
    channel.write(`${JSON.stringify({ directory: directory.path, tokens })}\n`);
    let made = 0;
    for await (const line of lines) {
      await onToken(manufacturedToken.parse(JSON.parse(line)));
      made += 1;
    }
    if (signal.aborted) throw abortError(signal);
    if (made < tokens.length) {
      throw new EnvironmentError('token factory', `made ${made} of ${tokens.length} tokens`, {
        lastLogLines: factory.lastErrorLines(),
      });
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
