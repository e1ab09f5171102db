import { describe, expect, it } from 'vitest';
import { markup, trusted } from './markup.ts';
import { hostileText } from './testing/run-result-fixtures.ts';

describe('markup', () => {
  it('escapes text for content and for quoted attributes', () => {
    const text = `<b title="x" id='y'>&</b>`;
    expect(markup`<p title="${text}">${text}</p>`.markup).toBe(
      '<p title="&#60;b title=&#34;x&#34; id=&#39;y&#39;&#62;&#38;&#60;/b&#62;">' +
        '&#60;b title=&#34;x&#34; id=&#39;y&#39;&#62;&#38;&#60;/b&#62;</p>',
    );
  });

  it('puts markup in as it is, joins lists and leaves nothing for null and undefined', () => {
    const items = ['a<', markup`<i>b</i>`, null, undefined, 3];
    expect(markup`[${items}]`.markup).toBe('[a&#60;<i>b</i>3]');
  });

  it('leaves no character that XML forbids', () => {
    // XML 1.0 §2.2 Char
    const allowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
    expect(hostileText).not.toMatch(allowed);
    expect(markup`${hostileText}`.markup).toMatch(allowed);
  });

  it('puts trusted markup in as it is', () => {
    expect(markup`${trusted('<svg></svg>')}`.markup).toBe('<svg></svg>');
  });
});
