import { errorsAreWanted } from '../../checks.ts';
import { formatCount, formatShare } from '../../figures.ts';
import { type Markup, markup } from '../../markup.ts';
import type { ErrorCount, RunResult } from '../../run-result.ts';
import { plural } from '../../text.ts';
import type { Section } from './section.ts';

/** Every error code that was met: how often, what it says, what to do, and devices to look at. */
export function errorsSection(result: RunResult): Section | undefined {
  if (result.errors.length === 0) return undefined;
  const total = result.errors.reduce((sum, { count }) => sum + count, 0);
  const wanted = errorsAreWanted(result) ? ' All of them are within what the scenario expects.' : '';
  const items = result.errors.map((error) => errorItem(error, total));
  return {
    id: 'errors',
    title: 'Errors',
    shortTitle: 'Errors',
    lead: `${plural(total, 'error')} under ${plural(result.errors.length, 'code')}.${wanted}`,
    content: markup`<ul class="errors">
${items}</ul>`,
  };
}

function errorItem({ code, count, message, hint, examples }: ErrorCount, total: number): Markup {
  const advice = hint === null ? undefined : markup`<p class="hint"><b>What to do</b> ${hint}</p>`;
  const ids = examples.map((id) => markup`<code>${id}</code> `);
  const devices = examples.length === 0 ? undefined : markup`<p class="remark">For example ${ids}</p>`;
  return markup`<li>
<p class="count"><b>${formatCount(count)}</b> <span>${formatShare(count, total)}</span></p>
<div><h3><code>${code}</code></h3><p class="message">${message}</p>${advice}${devices}</div>
</li>
`;
}
