import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { describe, expect, it } from 'vitest';
import { renderJunit } from './junit.ts';
import {
  buildFailedRun,
  buildInterruptedRun,
  hostileText,
  runResultFixtures,
} from './testing/run-result-fixtures.ts';
import { printable } from './text.ts';

/** All elements of a document in order; throws when it is not well-formed. */
function parseXml(xml: string): readonly SaxesTagPlain[] {
  const elements: SaxesTagPlain[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => elements.push(tag));
  parser.write(xml).close();
  return elements;
}

const named = (elements: readonly SaxesTagPlain[], name: string) =>
  elements.filter((element) => element.name === name);

describe('renderJunit', () => {
  it.each(Object.entries(runResultFixtures))(
    'is well-formed, with one case per cell and per check of the whole run: %s',
    (_, build) => {
      const result = build();
      const elements = parseXml(renderJunit(result));
      const ofRun = result.checks.filter(({ cell }) => cell === undefined);
      expect(named(elements, 'testcase')).toHaveLength(result.cells.length + ofRun.length);
    },
  );

  it.each(Object.entries(runResultFixtures))('counts its cases rightly: %s', (_, build) => {
    const elements = parseXml(renderJunit(build()));
    const totals = named(elements, 'testsuites')[0]?.attributes;
    expect(totals).toMatchObject({
      tests: String(named(elements, 'testcase').length),
      failures: String(named(elements, 'failure').length),
      errors: String(named(elements, 'error').length),
      skipped: String(named(elements, 'skipped').length),
    });
  });

  it('carries hostile text as text', () => {
    const elements = parseXml(renderJunit(runResultFixtures.hostile()));
    expect(named(elements, 'script')).toEqual([]);
    const messages = named(elements, 'failure').map(({ attributes: { message } }) => message);
    // A parser makes one blank of a line break in an attribute, XML 1.0 §3.3.3.
    expect(messages).toContain(printable(hostileText).replaceAll('\n', ' '));
  });

  it('gives the time in seconds', () => {
    const suites = named(parseXml(renderJunit(buildFailedRun())), 'testsuites');
    expect(suites.map(({ attributes: { time } }) => time)).toEqual(['8.432']);
  });

  it('calls cells that a stop cut short errors, so that a CI server shows the run as not passed', () => {
    const errors = named(parseXml(renderJunit(buildInterruptedRun())), 'error');
    expect(errors.map(({ attributes: { type } }) => type)).toEqual(['interrupted']);
  });
});
