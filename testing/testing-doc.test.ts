import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const doc = readFileSync('docs/testing.md', 'utf8');
const examples = readdirSync('examples').filter((name) => /test\.js$/.test(name));

describe('docs/testing.md', () => {
  it.each(examples)('shows %s as it is', (name) => {
    const file = readFileSync(`examples/${name}`, 'utf8');
    expect(doc).toContain(`](../examples/${name})`);
    expect(doc).toContain(`\`\`\`js\n${file}\`\`\`\n`);
  });

  it('names everything that the library exports', async () => {
    const names = Object.keys(await import('./index.ts'));
    expect(names.filter((name) => !doc.includes(`\`${name}\``))).toEqual([]);
  });
});
