import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { InvariantError } from '../kernel/errors.ts';

/** A SoftHSM token as data: its files, base64, by name. The objects in it are encrypted under its PIN. */
export type TokenImage = Readonly<Record<string, string>>;

/** Reads the token with this serial number from a SoftHSM token directory. */
export function readTokenImage(tokenDirectory: string, serial: string): TokenImage {
  // SoftHSM names the directory by a UUID whose last 16 digits are the serial number.
  const name = readdirSync(tokenDirectory).find((entry) => entry.replaceAll('-', '').endsWith(serial));
  if (name === undefined) throw new InvariantError(`SoftHSM has made no directory for the token ${serial}`);
  const directory = join(tokenDirectory, name);
  return Object.fromEntries(
    readdirSync(directory).map((file) => [file, toBase64(readFileSync(join(directory, file)))]),
  );
}

/** Puts a token into a SoftHSM token directory, before that SoftHSM starts. The directory's name is free. */
export function writeTokenImage(tokenDirectory: string, name: string, image: TokenImage): void {
  const directory = join(tokenDirectory, name);
  mkdirSync(directory, { mode: 0o700 });
  for (const [file, content] of Object.entries(image)) {
    writeFileSync(join(directory, file), fromBase64(content), { mode: 0o600 });
  }
}
