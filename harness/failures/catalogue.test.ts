import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/load-scenario.ts';
import { readCatalogue, scenarioRoot, unproved } from './catalogue.ts';
import { notReproduced } from './not-reproduced.ts';
import { catalogueText } from './table-text.ts';

const catalogue = await readCatalogue();

describe('the failure catalogue', () => {
  it.each(catalogue.map((entry) => [entry.name, entry] as const))(
    '%s shows its failure and its fix',
    (_name, { scenario, endings }) => {
      expect(unproved(scenario)).toEqual([]);
      expect(endings).not.toEqual([]);
    },
  );

  it('names each row once, reproduced or not', () => {
    const ids = [...catalogue.flatMap(({ failure }) => failure.ids), ...Object.keys(notReproduced)];
    expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
  });

  it('is the table in scenarios/README.md; `npm run scenarios:failures` writes it', async () => {
    expect(await readFile(join(scenarioRoot, 'README.md'), 'utf8')).toBe(catalogueText(catalogue));
  });
});

describe('unproved', () => {
  const fleet = (...entries: string[]) =>
    parseScenario(
      `name = "s"\n${entries.map((entry) => `[[fleet]]\ndevices = 1\nattestation = "x509"\n${entry}\n`).join('')}`,
      's.toml',
    );

  it.each([
    [['fault = "cn-mismatch"', ''], []],
    [['proves = "failure"', 'proves = "fix"'], []],
    [['', ''], ['no entry of the fleet shows the failure']],
    [['fault = "cn-mismatch"'], ['no entry of the fleet has the fix']],
    [
      ['fault = "cn-mismatch"', 'proves = "fix"\nexpect = { result = "failed" }'],
      ['the fix is not assigned'],
    ],
  ])('says of %j what is missing: %j', (entries, missing) => {
    expect(unproved(fleet(...entries))).toEqual(missing);
  });
});
