import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const table = JSON.parse(
  readFileSync(new URL('test/vectors/edge/assertions.json', root), 'utf8'),
) as Readonly<Record<string, { readonly file: string; readonly test: string }>>;

describe('the table of assertions about IoT Edge', () => {
  it.each(Object.entries(table))('%s has its test', (_number, { file, test }) => {
    expect(readFileSync(new URL(file, root), 'utf8')).toContain(`'${test}'`);
  });
});
