import { describe, expect, it } from 'vitest';
import { describeSupport, supportTable } from './support-table.ts';

type Cell = Parameters<typeof supportTable>[0][number];

const cell = (platform: string, said: Partial<Cell> = {}): Cell => ({
  ...{ platform, version: '1.5', enrollment: 'individual', attestation: 'x509', client: 'iot-edge' },
  ...{ notPossible: null, devices: 2, outcomes: { assigned: 2, ended: 0, error: 0, aborted: 0 } },
  ...said,
});
const refused = { assigned: 1, ended: 0, error: 1, aborted: 0 };
const impossible = {
  notPossible: 'why',
  devices: 0,
  outcomes: { assigned: 0, ended: 0, error: 0, aborted: 0 },
};

const supportOf = (cells: readonly Cell[], platform = 'linux'): string | undefined =>
  supportTable(cells, '1.5').rows.find(
    ({ provisioning, authentication }) => provisioning === 'individual' && authentication === 'x509',
  )?.platforms[platform];

describe('supportTable', () => {
  it('calls supported where every device of every cell that can be was assigned', () => {
    expect(supportOf([cell('linux'), cell('linux', impossible)])).toBe('supported');
  });

  it('calls failed where one device was not, or none was there', () => {
    expect(supportOf([cell('linux'), cell('linux', { outcomes: refused })])).toBe('failed');
    expect(supportOf([cell('linux', { devices: 0, outcomes: impossible.outcomes })])).toBe('failed');
  });

  it('calls unsupported where nothing can be', () => {
    expect(supportOf([cell('linux', { ...impossible }), cell('linux', { attestation: 'tpm' })])).toBe(
      'unsupported',
    );
  });

  it('leaves out platforms without such a release, other releases and other clients', () => {
    const { platforms } = supportTable(
      [
        cell('linux'),
        cell('windows', impossible),
        cell('eflow', { version: '1.4' }),
        cell('eflow', { client: 'native' }),
      ],
      '1.5',
    );
    expect(platforms).toEqual(['linux']);
  });

  it('is laid out with platforms across', () => {
    const lines = describeSupport(supportTable([cell('linux'), cell('eflow', { outcomes: refused })], '1.5'));
    expect(lines[1]).toMatch(/Linux {2}Linux on Windows \(EFLOW\)$/);
    expect(lines).toContainEqual(expect.stringMatching(/DPS, individual {4}X\.509 +√ +×$/));
  });
});
