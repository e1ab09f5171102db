import type { MarkupValue } from '../../markup.ts';

/** A part of the page with a heading, reachable from the list of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** The word for it in the list of contents. */
  readonly shortTitle: string;
  readonly lead?: MarkupValue;
  readonly content: MarkupValue;
}
