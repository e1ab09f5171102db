import { describeKeyCustody } from '../../key-custody.ts';
import type { RunResult } from '../../run-result.ts';
import { plural } from '../../text.ts';
import { renderTable } from '../table.ts';
import type { Section } from './section.ts';

/** What the tokens said of the devices' keys, and who signed. */
export function keyCustodySection({ keyCustody }: RunResult): Section | undefined {
  if (keyCustody === undefined) return undefined;
  const rows = describeKeyCustody(keyCustody).map(({ fact, value }) => [fact, value]);
  return {
    id: 'key-custody',
    title: 'Key custody',
    shortTitle: 'Key custody',
    lead: `${plural(keyCustody.keys.length, 'key')} in PKCS#11 tokens; key by key in run-result.json.`,
    content: renderTable('Key custody', [{ title: 'What' }, { title: 'Seen', figures: true }], rows),
  };
}
