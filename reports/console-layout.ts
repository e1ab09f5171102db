import stringWidth from 'string-width';

/** One column of a console table. */
export interface Column {
  readonly title: string;
  readonly side: 'left' | 'right';
  /** Gives way when the terminal is too narrow: what does not fit is cut. */
  readonly grows?: boolean;
  /** Is left out when cutting is not enough; the highest number first. */
  readonly dispensable?: number;
}

const GAP = '  ';
const MIN_GROWING_WIDTH = 12;

/**
 * Lays a table out in `width` terminal columns, as far as its columns can give way.
 *
 * @returns the head and then one line for each row, none with trailing blanks
 */
export function align(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const table = [columns.map((column) => column.title), ...rows];
  const natural = columns.map((_, index) => Math.max(...table.map((row) => stringWidth(row[index] ?? ''))));
  const least = columns.map(({ grows }, index) =>
    Math.min(natural[index] ?? 0, grows ? MIN_GROWING_WIDTH : Infinity),
  );
  const kept = keepWhatFits(columns, least, width);

  const needed = tableWidth(kept.map((index) => natural[index] ?? 0));
  const widths = columns.map(({ grows }, index) =>
    grows
      ? Math.max(least[index] ?? 0, (natural[index] ?? 0) - Math.max(0, needed - width))
      : (natural[index] ?? 0),
  );
  return table.map((row) =>
    kept
      .map((index) =>
        pad(cut(row[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, columns[index]?.side),
      )
      .join(GAP)
      .trimEnd(),
  );
}

/** The indices of the columns that stay, after the most dispensable ones were left out one by one. */
function keepWhatFits(
  columns: readonly Column[],
  least: readonly number[],
  width: number,
): readonly number[] {
  const order = columns
    .flatMap(({ dispensable }, index) => (dispensable === undefined ? [] : [{ dispensable, index }]))
    .toSorted((a, b) => b.dispensable - a.dispensable);
  let kept = columns.map((_, index) => index);
  for (const { index } of order) {
    if (tableWidth(kept.map((one) => least[one] ?? 0)) <= width) break;
    kept = kept.filter((one) => one !== index);
  }
  return kept;
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
}

/** Fits text into `width` terminal columns; what is left out, in the middle, is shown as `…`. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const half = Math.floor((width - 1) / 2);
  const start = takeWidth(characters, width - 1 - half);
  const end = takeWidth(characters.toReversed(), half).toReversed();
  return `${start.join('')}…${end.join('')}`;
}

/** Breaks one line of text at blanks into lines of at most `width` terminal columns; a longer word is broken. */
export function fold(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => pieces(part, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (stringWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** How many terminal columns the text takes. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** Pads to `width` terminal columns. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return side === 'left' ? text + blanks : blanks + text;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function pieces(word: string, width: number): readonly string[] {
  if (stringWidth(word) <= width) return [word];
  const characters = Array.from(graphemes.segment(word), ({ segment }) => segment);
  const head = takeWidth(characters, width);
  return [head.join(''), ...pieces(characters.slice(Math.max(1, head.length)).join(''), width)];
}

function takeWidth(characters: readonly string[], width: number): readonly string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += stringWidth(character);
    return used > width;
  });
  return end === -1 ? characters : characters.slice(0, end);
}
