import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** What pins an assertion about real devices: a test, folders of configurations, or why nothing does. */
type Pinned =
  | { readonly file: string; readonly test: string }
  | { readonly golden: readonly string[] }
  | { readonly reason: string };

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const table = JSON.parse(read('test/vectors/edge/assertions.json')) as Readonly<Record<string, Pinned>>;

describe('the table of assertions about IoT Edge', () => {
  it('is complete', () => {
    const numbers = Array.from({ length: 107 }, (_, index) => `A${String(index + 1).padStart(3, '0')}`);
    expect(Object.keys(table)).toEqual(numbers);
  });

  it.each(Object.entries(table))('%s has its test, its configuration, or its reason', (number, pinned) => {
    if ('test' in pinned) expect(read(pinned.file)).toContain(`'${pinned.test}'`);
    else if ('golden' in pinned) {
      for (const folder of pinned.golden) {
        expect(
          existsSync(new URL(`simulators/device/config/golden/${folder}/expected.json`, root)),
          folder,
        ).toBe(true);
      }
    } else expect(read('docs/conformance.md')).toContain(`| ${number} | ${pinned.reason} |`);
  });
});
