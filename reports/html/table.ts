import { type Markup, type MarkupValue, markup } from '../markup.ts';

/** A column of a table; figures stand on the right, so that they can be compared. */
export interface TableColumn {
  readonly title: string;
  readonly figures?: boolean;
}

/**
 * A table that scrolls sideways by itself on a narrow screen. The first cell of a row is its heading.
 *
 * @param caption what the table is, for screen readers; the page shows a heading above it
 */
export function renderTable(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly MarkupValue[])[],
): Markup {
  const side = (index: number): Markup | undefined =>
    columns[index]?.figures ? markup` class="figures"` : undefined;
  const head = columns.map(({ title }, index) => markup`<th scope="col"${side(index)}>${title}</th>`);
  const body = rows.map(
    ([first, ...rest]) =>
      markup`<tr><th scope="row">${first}</th>${rest.map((cell, index) => markup`<td${side(index + 1)}>${cell}</td>`)}</tr>\n`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table></div>`;
}

/** A mark with its meaning in words beside it for screen readers. */
export function renderMark(
  tone: 'good' | 'bad' | 'warning' | 'neutral',
  symbol: string,
  meaning: string,
): Markup {
  return markup`<span class="mark ${tone}" role="img" aria-label="${meaning}" title="${meaning}">${symbol}</span>`;
}
