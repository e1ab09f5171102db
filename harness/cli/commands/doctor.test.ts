import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { examineMachine } from '../../environment/doctor.ts';
import { renderFindings } from './doctor.ts';

describe('dps-rig doctor', () => {
  it('finds what the tests themselves need', async () => {
    const findings = await examineMachine();
    const state = (name: string): string | undefined =>
      findings.find((finding) => finding.name === name)?.state;
    expect(state('Node.js')).toBe('ok');
    expect(state('swtpm')).toBe('ok');
    for (const { state: found, disables, fix } of findings) {
      if (found !== 'ok') expect([disables, fix]).not.toContain(undefined);
    }
  });

  it('says what a missing thing disables, and the command that fixes it', () => {
    const colored = renderFindings([
      {
        name: 'swtpm',
        state: 'required',
        detail: 'not installed',
        disables: 'TPM devices',
        fix: 'apt-get install swtpm',
      },
      { name: 'Node.js', state: 'ok', detail: 'v24.0.0' },
    ]);
    const text = stripVTControlCharacters(colored);
    expect(text).toMatch(/× swtpm +not installed/);
    expect(text).toContain('disables: TPM devices');
    expect(text).toContain('fix:      apt-get install swtpm');
    expect(text).toMatch(/√ Node\.js +v24\.0\.0/);
  });
});
