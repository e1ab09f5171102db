import { commandsOf, type DiagnosisGroup, groupDiagnoses, notLookedInto } from '../../diagnoses.ts';
import { formatCount } from '../../figures.ts';
import { type Markup, markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { plural } from '../../text.ts';
import type { Section } from './section.ts';

/** Why devices failed, from what they had and what the service knew: one item for each cause. */
export function diagnosesSection(result: RunResult): Section | undefined {
  const groups = groupDiagnoses(result);
  if (groups.length === 0) return undefined;
  const devices = result.diagnoses?.length ?? 0;
  const unseen = notLookedInto(result);
  const more =
    unseen === 0
      ? ''
      : ` ${plural(unseen, 'more device')} were not looked into: others had failed under the same code.`;
  return {
    id: 'diagnoses',
    title: 'Diagnoses',
    shortTitle: 'Diagnoses',
    lead: `${plural(devices, 'device')} that failed, and ${plural(groups.length, 'cause')}: from what each of them had and sent, and what the service knew of it.${more}`,
    content: markup`<ul class="errors">
${groups.map(item)}</ul>`,
  };
}

function item(group: DiagnosisGroup): Markup {
  const { cause, code, count, confidence, statement, fix, examples } = group;
  const advice = fix === null ? undefined : markup`<p class="hint"><b>What to do</b> ${fix}</p>`;
  const ids = examples.map((id) => markup`<code>${id}</code> `);
  const commands = commandsOf(group).map((command) => markup`<code>${command}</code> `);
  return markup`<li>
<p class="count"><b>${formatCount(count)}</b> <span>${confidence}</span></p>
<div><h3><code>${cause}</code> <code>${code}</code></h3><p class="message">${statement}</p>${advice}<p class="remark">Read and reproduce: ${commands}</p><p class="remark">For example ${ids}</p></div>
</li>
`;
}
