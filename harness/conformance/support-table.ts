import type { CellResult } from '../../reports/run-result.ts';

/** How a way to provision did in a run. */
export type Support = 'supported' | 'failed' | 'unsupported';

/** Ways to provision, in the order of the documentation. */
export const provisionings = ['manual', 'individual', 'group'] as const;
export const authentications = ['symmetric-key', 'x509', 'tpm'] as const;

export interface SupportRow {
  readonly provisioning: (typeof provisionings)[number];
  readonly authentication: (typeof authentications)[number];
  /** By platform; absent where the run had no cell of it. */
  readonly platforms: Readonly<Record<string, Support>>;
}

export interface SupportTable {
  /** Of IoT Edge. */
  readonly version: string;
  readonly platforms: readonly string[];
  readonly rows: readonly SupportRow[];
}

type Cell = Pick<
  CellResult,
  'platform' | 'version' | 'enrollment' | 'attestation' | 'client' | 'notPossible' | 'devices' | 'outcomes'
>;

/**
 * What devices of one release really could do, from what became of them. A platform on which nothing can be has no
 * such release, and no column.
 */
export function supportTable(cells: readonly Cell[], version: string): SupportTable {
  const ofRelease = cells.filter((cell) => cell.client === 'iot-edge' && cell.version === version);
  const platforms = [...new Set(ofRelease.map(({ platform }) => platform))].filter((platform) =>
    ofRelease.some((cell) => cell.platform === platform && cell.notPossible === null),
  );
  const rows = provisionings.flatMap((provisioning) =>
    authentications.map((authentication): SupportRow => {
      const ofRow = ofRelease.filter(
        ({ enrollment, attestation }) => enrollment === provisioning && attestation === authentication,
      );
      const entries = platforms.map((platform) => [
        platform,
        supportOf(ofRow.filter((cell) => cell.platform === platform)),
      ]);
      return {
        provisioning,
        authentication,
        platforms: Object.fromEntries(entries) as SupportRow['platforms'],
      };
    }),
  );
  return { version, platforms, rows };
}

/** Every device of every cell that can be has to be assigned. */
function supportOf(cells: readonly Cell[]): Support {
  const possible = cells.filter(({ notPossible }) => notPossible === null);
  if (possible.length === 0) return 'unsupported';
  return possible.every(({ devices, outcomes }) => devices > 0 && outcomes.assigned === devices)
    ? 'supported'
    : 'failed';
}

const marks: Readonly<Record<Support, string>> = { supported: '√', failed: '×', unsupported: '–' };
const provisioningNames = { manual: 'manual', individual: 'DPS, individual', group: 'DPS, group' } as const;
const authenticationNames = { 'symmetric-key': 'symmetric key', x509: 'X.509', tpm: 'TPM' } as const;
const platformNames: Readonly<Record<string, string>> = {
  linux: 'Linux',
  eflow: 'Linux on Windows (EFLOW)',
  windows: 'Windows containers',
};

/** For a person, as the documentation of IoT Edge lays it out: platforms across, ways to provision down. */
export function describeSupport({ version, platforms, rows }: SupportTable): string[] {
  const heads = platforms.map((platform) => platformNames[platform] ?? platform);
  const lines = rows.map(({ provisioning, authentication, platforms: support }) => [
    provisioningNames[provisioning].padEnd(17),
    authenticationNames[authentication].padEnd(15),
    ...platforms.map((platform, index) =>
      marks[support[platform] ?? 'unsupported'].padEnd(heads[index]?.length ?? 0),
    ),
  ]);
  return [
    `IoT Edge ${version}`,
    `  ${''.padEnd(17)}  ${''.padEnd(15)}  ${heads.join('  ')}`,
    ...lines.map((line) => `  ${line.join('  ').trimEnd()}`),
  ];
}
