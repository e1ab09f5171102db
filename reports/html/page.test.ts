import { describe, expect, it } from 'vitest';
import { buildRunResult } from '../testing/build-run-result.ts';
import { buildEmptyRun, buildFailedRun, runResultFixtures } from '../testing/run-result-fixtures.ts';
import { renderPage } from './page.ts';

const pages = Object.entries(runResultFixtures).map(([name, build]) => [name, renderPage(build())] as const);

const attributes = (page: string, name: string): readonly string[] =>
  Array.from(page.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g')), ([, value = '']) => value);

/** The names of all elements of a page, in order. */
const elements = (page: string): readonly string[] =>
  Array.from(page.matchAll(/<([a-z][a-z0-9]*)[\s>/]/gi), ([, name = '']) => name.toLowerCase());

describe('renderPage', () => {
  it.each(pages)('runs no script: %s', (_, page) => {
    expect(elements(page)).not.toContain('script');
    expect(page).not.toMatch(/<[^>]* on[a-z]+=/i);
    expect(page).not.toMatch(/="javascript:/i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it.each(pages)('loads nothing from anywhere: %s', (_, page) => {
    expect(elements(page)).not.toEqual(expect.arrayContaining(['link']));
    expect(page).not.toMatch(/@import|<[^>]* (?:src|srcset|data|xlink:href)=/i);
    for (const url of page.matchAll(/url\(([^)]*)\)/g)) expect(url[1]).toMatch(/^#/);
    for (const href of attributes(page, 'href')) expect(href).toMatch(/^#/);
  });

  it.each(pages)('has unique ids, and every reference inside it leads somewhere: %s', (_, page) => {
    const ids = attributes(page, 'id');
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [
      ...attributes(page, 'href').map((href) => href.slice(1)),
      ...attributes(page, 'aria-labelledby'),
      ...Array.from(page.matchAll(/url\(#([^)]*)\)/g), ([, id = '']) => id),
    ];
    for (const target of targets) expect(ids).toContain(target);
  });

  it.each(pages)('closes what it opens: %s', (_, page) => {
    const open = elements(page).filter((name) => !['meta', 'br'].includes(name));
    const closed = Array.from(page.matchAll(/<\/([a-z][a-z0-9]*)>/gi), ([, name = '']) => name.toLowerCase());
    const selfClosed = Array.from(page.matchAll(/<([a-z][a-z0-9]*)[^>]*\/>/gi), ([, name = '']) =>
      name.toLowerCase(),
    );
    expect([...closed, ...selfClosed].toSorted()).toEqual(open.toSorted());
  });

  it.each(pages)('has a description in words and a table for every chart: %s', (_, page) => {
    const charted = page.split('<section ').filter((section) => section.includes('<figure'));
    for (const section of charted) {
      expect(section).toMatch(/role="img" aria-label="[^"]{20,}"/);
      expect(section).toContain('<table>');
    }
  });

  it.each(pages)('leaves no figure undefined: %s', (_, page) => {
    expect(page).not.toMatch(/\b(?:NaN|Infinity|undefined|null|\[object)\b/);
  });

  it('is the same page, byte for byte, for the same result', () => {
    expect(renderPage(buildFailedRun())).toBe(renderPage(buildFailedRun()));
  });

  it('shows hostile text as text', () => {
    const page = renderPage(runResultFixtures.hostile());
    expect(page).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;');
    expect(page).not.toMatch(/alert\("1"\)/);
  });

  it.each([
    ['failed', 4],
    ['passed', 3],
  ] as const)('draws for the %s run %d charts, each for wide and for narrow screens', (name, charts) => {
    const page = renderPage(runResultFixtures[name]());
    expect(elements(page).filter((element) => element === 'svg')).toHaveLength(2 * charts);
  });

  it('leaves out the sections that have nothing to show', () => {
    const ids = attributes(renderPage(buildEmptyRun()), 'id');
    expect(ids.filter((id) => !id.endsWith('-title'))).toEqual(['content', 'setup', 'guide']);
  });

  it('shows what a person can do about an error', () => {
    const page = renderPage(buildFailedRun());
    expect(page).toContain('Upload the intermediate CA to the enrollment group');
    expect(page).toContain('<code>x509-00017</code>');
  });

  it('draws the finer curve when the result has one', () => {
    const fine = Array.from({ length: 100 }, (_, percentile) => ({ percentile, ms: 10 + percentile }));
    const plain = buildRunResult();
    const result = { ...plain, total: { ...plain.total, percentiles: fine } };
    const curveOf = (page: string): number =>
      page.match(/d="([^"]*)" fill="none" stroke="var\(--ink\)" stroke-width="3"/)?.[1]?.split('L').length ??
      0;
    expect(curveOf(renderPage(plain))).toBe(6);
    expect(curveOf(renderPage(result))).toBe(101);
  });
});
