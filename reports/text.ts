/**
 * Makes text from outside safe to show: control characters (terminal escapes among them), direction overrides and
 * broken surrogates become visible, `\x1b` for example; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(unprintable, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    const hex = codePoint.toString(16);
    return codePoint < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
  });
}

/** `printable`, on one line: every run of white space becomes one space. */
export function oneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s+/g, ' '));
}

/** At most `length` characters, the last of them `…` when something was cut off. */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** `1 device`, `2 devices`; the number with thousands separators. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

// C0 and C1 controls except \t \n \r; bidirectional controls (they can make text read as something else);
// the two non-characters that XML 1.0 §2.2 forbids.
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;
