import type { CatalogueEntry } from './catalogue.ts';
import { notReproduced } from './not-reproduced.ts';

/** scenarios/README.md: the catalogue as a table, and what is not in it. */
export function catalogueText(catalogue: readonly CatalogueEntry[]): string {
  const rows = catalogue.toSorted((a, b) => compareIds(firstId(a), firstId(b)));
  const ids = new Set(rows.flatMap(({ failure }) => failure.ids));
  return `${[
    '# Scenarios',
    '',
    'Written by `npm run scenarios:failures`, which runs every scenario below; do not edit.',
    '',
    `## Failures: ${ids.size} reproduced`,
    '',
    'Each scenario holds devices that fail as their users reported, and devices with the fix, which must be assigned.',
    '`dps-rig run failure/x509/leaf-only` runs one. What the columns mean: [docs/failures.md](../docs/failures.md).',
    '',
    '| row | scenario | symptom | ends as | made | fix | reports |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(rowOf),
    '',
    `## Not reproduced: ${Object.keys(notReproduced).length}`,
    '',
    '| row | what | why not |',
    '| --- | --- | --- |',
    ...Object.entries(notReproduced)
      .toSorted(([a], [b]) => compareIds(a, b))
      .map(([id, { what, why }]) => `| ${id} | ${cell(what)} | ${cell(why)} |`),
  ].join('\n')}\n`;
}

function rowOf({ name, endings, failure }: CatalogueEntry): string {
  const { ids, symptom, made, fix, reports } = failure;
  const cells = [
    ids.join(', '),
    `[${name.slice('failure/'.length)}](${name}.toml)`,
    cell(symptom),
    endings.map((ending) => `\`${ending}\``).join(', '),
    made === 'really' ? 'really' : 'by injection',
    cell(fix),
    cell(reports.join('; ')),
  ];
  return `| ${cells.join(' | ')} |`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const firstId = ({ failure }: CatalogueEntry): string => failure.ids[0] ?? '';

const layers = 'TEXKSHP';

/** In the order of the catalogue: by layer, then by number. */
function compareIds(a: string, b: string): number {
  return layers.indexOf(a.charAt(0)) - layers.indexOf(b.charAt(0)) || Number(a.slice(1)) - Number(b.slice(1));
}
