import { describe, expect, it } from 'vitest';
import { shownBody, shownBytes, shownText, tellMoments } from './wire-log.ts';

describe('what is shown of the wire', () => {
  it('is a SAS token without its signature', () => {
    const token =
      'SharedAccessSignature sr=0ne%2Fregistrations%2Fd&sig=c2VjcmV0%3D&se=1700000000&skn=registration';
    expect(shownText(token)).toBe(
      'SharedAccessSignature sr=0ne%2Fregistrations%2Fd&sig=(redacted)&se=1700000000&skn=registration',
    );
  });

  it('is the beginning of what is long', () => {
    expect(shownText('x'.repeat(1_000))).toMatch(/^x{160}… \(1000 characters\)$/);
    expect(shownBytes(new Uint8Array(300))).toMatch(/^(00){24}… \(300 bytes\)$/);
    expect(shownBytes(Uint8Array.of(1, 255))).toBe('01ff');
  });

  it('is a JSON body member by member, and any other as text', () => {
    expect(shownBody('{"a":{"b":1},"c":["x"]}')).toEqual({ 'body.a.b': '1', 'body.c.0': 'x' });
    expect(shownBody('<html>')).toEqual({ body: '<html>' });
    expect(shownBody('')).toEqual({});
  });
});

it('tells moments in the order of time, counted from when the device was switched on', () => {
  const moment = (atMs: number, text: string) =>
    ({ layer: 'step', atMs, durationMs: 1, tell: () => ({ text }) }) as const;
  expect(tellMoments([moment(120, 'later'), moment(110, 'first')], 100)).toEqual([
    { layer: 'step', atMs: 10, durationMs: 1, text: 'first' },
    { layer: 'step', atMs: 20, durationMs: 1, text: 'later' },
  ]);
});
