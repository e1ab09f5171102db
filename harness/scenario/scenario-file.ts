import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The file that a user means: a path, or the name of a scenario that comes with dps-rig.
 *
 * @param given `my.toml`, or like `failure/tpm/srk-missing`
 */
export function scenarioFileOf(given: string): string {
  if (given.endsWith('.toml') || existsSync(given)) return given;
  const shipped = fileURLToPath(new URL(`../../scenarios/${given}.toml`, import.meta.url));
  return existsSync(shipped) ? shipped : given;
}
