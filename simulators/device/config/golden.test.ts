import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../kernel/errors.ts';
import type { EdgeVersion } from '../platforms/profiles.ts';
import type { PlatformKind } from '../platforms/table.ts';
import { describeConfig } from './describe-config.ts';
import { inspectFiles, openDeviceFiles } from './device-files.ts';
import { generatedFiles } from './generated-files.ts';
import { parseEdgeConfig } from './read-edge-config.ts';

/**
 * One folder, one case: `case.json`, the configuration, `root/` with files of the device where there are some, and
 * `expected.json`, which UPDATE_GOLDEN=1 writes anew: read what has changed before it is committed.
 */
const golden = join(import.meta.dirname, 'golden');

/** What stands in the cases and must not come out of them. */
const secrets = ['Z29sZGVuLWNhc2Uta2V5', '12345678', 'hello', 'world', 'not for a log'];

interface GoldenCase {
  /** What the device of this configuration is about. */
  readonly title: string;
  readonly platform?: PlatformKind;
  readonly version?: EdgeVersion;
}

describe('a configuration', () => {
  const names = readdirSync(golden).toSorted();

  it.each(names)('is read as the device reads it: %s', async (name) => {
    const directory = join(golden, name);
    const { title: _title, ...device } = readJson(join(directory, 'case.json')) as GoldenCase;
    const file =
      readdirSync(directory).find((entry) => /^(config|command|parameters|connection)\./.test(entry)) ?? '';
    const outcome = await outcomeOf(
      readFileSync(join(directory, file), 'utf8'),
      file,
      device,
      join(directory, 'root'),
    );
    const expected = join(directory, 'expected.json');
    if (process.env['UPDATE_GOLDEN'] === '1')
      writeFileSync(expected, `${JSON.stringify(outcome, null, 2)}\n`);
    expect(outcome).toEqual(readJson(expected));
    for (const secret of secrets) expect(JSON.stringify(outcome)).not.toContain(secret);
  });
});

async function outcomeOf(
  text: string,
  file: string,
  device: Omit<GoldenCase, 'title'>,
  root: string,
): Promise<unknown> {
  try {
    const config = parseEdgeConfig(text, file, device);
    const fromFiles = existsSync(root) ? await inspectFiles(config, openDeviceFiles(root)) : [];
    const generated = generatedFiles(config);
    return plain({ device: describeConfig(config), notices: [...config.notices, ...fromFiles], generated });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { code, message, hint } = error;
    return plain({ error: { code, message, ...error.details(), hint } });
  }
}

/** As JSON has it: without what is undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
