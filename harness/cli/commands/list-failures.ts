import { readCatalogue } from '../../failures/catalogue.ts';
import { notReproduced } from '../../failures/not-reproduced.ts';

/** `dps-rig list failures`: what can be reproduced, how it ends and what helps; then what cannot, and why. */
export async function describeFailures(): Promise<string[]> {
  const catalogue = await readCatalogue();
  return [
    ...catalogue.flatMap(({ name, endings, failure: { ids, symptom, fix } }) => [
      `${name} (${ids.join(', ')}): ${endings.join(', ')}`,
      `  ${symptom}`,
      `  fix: ${fix}`,
    ]),
    '',
    'not reproduced:',
    ...Object.entries(notReproduced).map(([id, { what, why }]) => `  ${id.padEnd(4)} ${what}: ${why}`),
  ];
}
