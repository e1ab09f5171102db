import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderConsoleSummary } from './console.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { runResultSchema } from './run-result.ts';

// Each folder is a test: run-result.json goes in, the other files must come out. `vitest -u` writes them anew.
const vectors = new URL('../test/vectors/reports/', import.meta.url);

const renderers = {
  'console.txt': (result) =>
    renderConsoleSummary(result, { color: false, width: 96, reportPath: 'out/index.html' }),
  'junit.xml': renderJunit,
  'summary.md': renderMarkdown,
} as const satisfies Record<string, (result: ReturnType<typeof runResultSchema.parse>) => string>;

describe.each(readdirSync(vectors))('the run in test/vectors/reports/%s', (folder) => {
  const file = (name: string): URL => new URL(`${folder}/${name}`, vectors);
  const result = runResultSchema.parse(JSON.parse(readFileSync(file('run-result.json'), 'utf8')));

  it.each(Object.entries(renderers))('is reported as in %s', async (name, render) => {
    await expect(render(result)).toMatchFileSnapshot(file(name).pathname);
  });
});
