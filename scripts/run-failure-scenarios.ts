#!/usr/bin/env node
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogueEntry, readCatalogue, scenarioRoot, unproved } from '../harness/failures/catalogue.ts';
import { catalogueText } from '../harness/failures/table-text.ts';
import { run } from '../harness/run.ts';
import { toError } from '../simulators/kernel/errors.ts';

/** Runs the whole failure catalogue, or the rows whose names begin as one of the arguments; then writes its table. */
async function main(prefixes: readonly string[]): Promise<void> {
  const catalogue = await readCatalogue();
  const chosen = catalogue.filter(
    ({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)),
  );
  let failed = 0;
  for (const entry of chosen) {
    const began = Date.now();
    const wrong = await problemsOf(entry);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const mark = wrong.length === 0 ? 'ok  ' : 'FAIL';
    process.stdout.write(`${mark} ${entry.name} (${entry.endings.join(', ')}) ${seconds} s\n`);
    for (const line of wrong) process.stdout.write(`       ${line}\n`);
    if (wrong.length > 0) failed += 1;
  }
  process.stdout.write(`${chosen.length - failed} of ${chosen.length} failures reproduced and fixed\n`);
  if (failed > 0) process.exitCode = 1;
  else if (prefixes.length === 0) await writeFile(join(scenarioRoot, 'README.md'), catalogueText(catalogue));
}

async function problemsOf({ scenario, file }: CatalogueEntry): Promise<readonly string[]> {
  try {
    const { verdict, checks } = await run({
      scenario,
      scenarioFile: file,
      signal: new AbortController().signal,
    });
    if (verdict === 'passed') return unproved(scenario);
    return checks
      .filter(({ passed }) => !passed)
      .map(({ name, actual, detail }) => `${name}: ${actual}; ${detail ?? ''}`);
  } catch (error) {
    return [toError(error).message];
  }
}

await main(process.argv.slice(2));
