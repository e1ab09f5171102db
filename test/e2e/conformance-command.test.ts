import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { supportTable } from '../../harness/conformance/support-table.ts';
import type { CellResult } from '../../reports/run-result.ts';
import { createRigProgram, type EndedProgram, type RigProgram } from '../support/rig-program.ts';

interface Documented {
  readonly rows: readonly {
    readonly platform: string;
    readonly versions: readonly string[];
    readonly provisioning: string;
    readonly authentication: string;
    readonly status: string;
  }[];
}
const documented = JSON.parse(
  readFileSync(new URL('../vectors/edge/support-matrix.json', import.meta.url), 'utf8'),
) as Documented;

let rig: RigProgram;
beforeAll(() => {
  rig = createRigProgram();
});
afterAll(() => rig[Symbol.asyncDispose]());

const failed = (): CellResult[] =>
  rig
    .result()
    .cells.filter(
      ({ notPossible, devices, outcomes }) => notPossible === null && outcomes.assigned !== devices,
    );

describe('dps-rig conformance', () => {
  let ended: EndedProgram;
  beforeAll(async () => {
    ended = await rig.run('conformance', '--cell', '**/iot-edge', '--out', rig.out);
  }, 180_000);

  it('passes in every cell that can be, and says of every other why not and how that is known', () => {
    expect(ended.exitCode, ended.stdout).toBe(0);
    const { cells } = rig.result();
    expect(cells.filter(({ notPossible }) => notPossible === null)).toHaveLength(100);
    for (const { notPossible, name } of cells)
      if (notPossible !== null) expect(notPossible, name).toMatch(/\w+ \w+/);
  });

  it('shows the support that the documentation states, for every release of every platform', () => {
    const { cells } = rig.result();
    const versions = new Set(cells.flatMap(({ version }) => (version === undefined ? [] : [version])));
    let compared = 0;
    for (const version of versions) {
      const { rows, platforms } = supportTable(cells, version);
      for (const { platform, provisioning, authentication, status } of documented.rows.filter((row) =>
        row.versions.includes(version),
      )) {
        expect(platforms, `${platform} ${version}`).toContain(platform);
        const row = rows.find(
          (one) => one.provisioning === provisioning && one.authentication === authentication,
        );
        expect(row?.platforms[platform], `${platform} ${version} ${provisioning} ${authentication}`).toBe(
          status,
        );
        compared += 1;
      }
    }
    // Linux has six releases, EFLOW three, Windows containers one; nine ways each.
    expect(compared).toBe(90);
  });

  it('prints the tables of 1.5 and of the three platforms of 1.1', () => {
    expect(ended.stdout).toMatch(/IoT Edge 1\.5\n +Linux {2}Linux on Windows \(EFLOW\)\n/);
    expect(ended.stdout).toMatch(
      /IoT Edge 1\.1\n +Linux {2}Linux on Windows \(EFLOW\) {2}Windows containers\n/,
    );
    expect(ended.stdout).toMatch(/DPS, group +TPM +– +–/);
  });

  it('has one case of JUnit for each cell', () => {
    const junit = readFileSync(`${rig.out}/junit.xml`, 'utf8');
    expect(junit.match(/classname="dps-rig\.cells"/g)).toHaveLength(rig.result().cells.length);
  });

  it('runs one cell alone by its name', async () => {
    const name = 'eflow-1.4/individual/tpm/swtpm/https/iot-edge';
    const { exitCode } = await rig.run('conformance', '--cell', name, '--out', rig.out);
    expect(exitCode).toBe(0);
    expect(rig.result().cells.map((cell) => cell.name)).toEqual([name]);
  });

  it('says which name fits nothing, and sends nothing', async () => {
    const { exitCode, stderr } = await rig.run('conformance', '--cell', 'windows-1.5/**/nobody');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('windows-1.5/**/nobody');
  });
});

describe('dps-rig conformance against an emulator with a defect', () => {
  const usesSas = ({ attestation }: CellResult): boolean => attestation !== 'x509';
  const byDps = ({ enrollment }: CellResult): boolean => enrollment !== 'manual';

  it.each<[string, string, (cell: CellResult) => boolean]>([
    // 1.1 encodes the slash, all later daemons leave it as it is.
    ['encoded-slashes-only', '**/iot-edge', (cell) => byDps(cell) && usesSas(cell) && cell.version !== '1.1'],
    // 1.2 alone leaves out the key's name, and only for symmetric keys.
    [
      'key-name-required',
      '**/iot-edge',
      (cell) => byDps(cell) && cell.attestation === 'symmetric-key' && cell.version === '1.2',
    ],
    // Every device sends the intermediate that its group's root did not sign itself.
    [
      'no-intermediates',
      'linux*/*/*/software/https/*',
      (cell) => cell.enrollment === 'group' && cell.attestation === 'x509',
    ],
  ])('fails for %s in exactly the cells that meet it', async (defect, cells, meets) => {
    const { exitCode } = await rig.run('conformance', '--defect', defect, '--cell', cells, '--out', rig.out);
    expect(exitCode).toBe(4);
    const names = (some: readonly CellResult[]): string[] => some.map(({ name }) => name).sort();
    const { cells: all } = rig.result();
    const right = all.filter((cell) => cell.notPossible === null && meets(cell));
    expect(right.length).toBeGreaterThan(1);
    expect(names(failed())).toEqual(names(right));
  });
});
