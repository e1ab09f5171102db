import { describe, expect, it } from 'vitest';
import { selectCells } from './select-cells.ts';

const names = ['linux-1.5/group/x509/softhsm/https/iot-edge', 'linux/manual/x509/software/mqtt/native'];
const chosen = (...patterns: string[]): string[] =>
  names.filter(selectCells(names, patterns) ?? (() => true));

describe('selectCells', () => {
  it('takes all without a pattern', () => {
    expect(selectCells(names, [])).toBeUndefined();
  });

  it.each([
    [names[0] ?? '', [names[0]]],
    ['**/iot-edge', [names[0]]],
    ['linux*/*/x509/*/*/*', names],
    ['linux/**', [names[1]]],
  ])('takes what %s fits', (pattern, found) => {
    expect(chosen(pattern)).toEqual(found);
  });

  it('refuses a pattern that fits nothing, among others', () => {
    expect(() => selectCells(names, ['**/iot-edge', 'windows/**'])).toThrow(/windows\/\*\*/);
  });
});
