import { printable } from './text.ts';

/** HTML or XML that is safe to put into a document as it is. Only `markup` and `trusted` make one. */
export interface Markup {
  readonly markup: string;
}

export type MarkupValue = string | number | Markup | null | undefined | readonly MarkupValue[];

/**
 * Template tag for HTML and XML: what is substituted is escaped, unless it is Markup itself; lists are joined, `null`
 * and `undefined` leave nothing. Safe in element content and in quoted attributes; nowhere else.
 */
export function markup(literals: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const parts = literals.map((literal, index) => literal + serialize(values[index]));
  return { markup: parts.join('') };
}

/** Declares text to be markup already: our own style sheet, an SVG that ECharts wrote. Never text from a result. */
export function trusted(text: string): Markup {
  return { markup: text };
}

function serialize(value: MarkupValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  if ('markup' in value) return value.markup;
  return value.map(serialize).join('');
}

function escapeText(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
