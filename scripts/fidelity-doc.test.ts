import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ruleTable } from '../simulators/schemas.ts';

const docs = new URL('../docs/', import.meta.url);
const text = readFileSync(new URL('fidelity.md', docs), 'utf8');

/** `[name]: ../path` at the end of the document. */
const files = new Map(
  [...text.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = '', path = '']) => [name, path]),
);
/** `[name] "title"` in its tables. */
const named = [...text.matchAll(/\[([^\]]+)\] "([^"]+)"/g)].map(([, name = '', title = '']) => ({
  name,
  title,
}));

describe('docs/fidelity.md', () => {
  it('names a test for every rule, and what to choose for every rule that can be chosen', () => {
    expect(named.length).toBeGreaterThan(80);
    const rows = text.split('\n').filter((line) => /^\| `[a-z-]+` \|.*\| \[[^|]+ \|$/.test(line));
    expect(rows.map((row) => /`([^`]+)`/.exec(row)?.[1])).toEqual(Object.keys(ruleTable));
    for (const [name, { variants }] of Object.entries(ruleTable)) {
      const row = rows.find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      for (const { value, means } of variants) expect(row).toContain(`\`${value}\` ${means}`);
    }
  });

  it.each([...files])('names %s as a file that exists, and titles that it has', (name, path) => {
    const source = readFileSync(new URL(path, docs), 'utf8');
    const titles = named.filter((test) => test.name === name).map(({ title }) => title);
    expect(titles).not.toEqual([]);
    for (const title of titles) {
      const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``].some((one) => source.includes(one));
      expect(quoted, `${path} has no test "${title}"`).toBe(true);
    }
  });

  it('refers to no file that it does not give the path of', () => {
    expect(named.filter(({ name }) => !files.has(name))).toEqual([]);
  });
});
