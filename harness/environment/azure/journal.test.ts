import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal, readJournal } from './journal.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dps-rig-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a journal', () => {
  it('gives back what was written, for its owner alone, without a line that was cut off', () => {
    const path = join(directory, 'out', 'journal.jsonl');
    using journal = openJournal(path);
    journal.write([{ kind: 'service', hostName: 'dps.example' }]);
    journal.write([
      { kind: 'group', id: 'g' },
      { kind: 'enrollment', id: 'e' },
    ]);
    appendFileSync(path, '{"kind":"enr');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readJournal(path)).toEqual({
      hostName: 'dps.example',
      entries: [
        { kind: 'group', id: 'g' },
        { kind: 'enrollment', id: 'e' },
      ],
    });
    journal.discard();
    expect(existsSync(path)).toBe(false);
  });

  it('is never written over', () => {
    const path = join(directory, 'journal.jsonl');
    writeFileSync(path, 'somebody needs this');
    expect(() => openJournal(path)).toThrow(/cannot be made/);
  });

  it.each([
    ['', /names no|no service is named/],
    ['{"kind":"enrollment","id":"e"}\n', /no service is named/],
    ['{"kind":"service","hostName":"h"}\nnonsense\n', /:2: /],
  ])('is refused with its line when it is none: %j', (text, says) => {
    const path = join(directory, 'journal.jsonl');
    writeFileSync(path, text);
    expect(() => readJournal(path)).toThrow(says);
  });
});
