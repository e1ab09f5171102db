import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { RunResult } from '../../../reports/run-result.ts';
import { type DefectName, defectNames } from '../../../simulators/schemas.ts';
import { selectCells } from '../../conformance/select-cells.ts';
import { describeSupport, supportTable } from '../../conformance/support-table.ts';
import { expandMatrix } from '../../scenario/expand.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';
import { withDevicesPerCell } from '../../scenario/resize.ts';
import { parseCount } from '../parse-options.ts';
import { runAndReport } from '../run-and-report.ts';

const matrix = fileURLToPath(new URL('../../../scenarios/conformance/matrix.toml', import.meta.url));
/** Releases whose tables the documentation of IoT Edge has: the current one, and the last with three platforms. */
const documented = ['1.5', '1.1'] as const;

interface ConformanceOptions {
  readonly cell: readonly string[];
  readonly devicesPerCell: number;
  readonly defect?: DefectName;
  readonly endpoint?: string;
  readonly list?: true;
  readonly out?: string;
  readonly quiet?: true;
}

/** `dps-rig conformance`: the whole matrix, each cell with its verdict, and the tables of support that follow from it. */
export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .description(
      'run the whole matrix of platforms, versions, attestations, key stores, transports and clients',
    )
    .option(
      '--cell <name>',
      'only this cell, by its name; * for a part of it, ** for several; may be repeated',
      (name: string, all: readonly string[]) => [...all, name],
      [],
    )
    .option('--devices-per-cell <n>', 'devices in each cell that can be', parseCount, 1)
    .option('--endpoint <url>', 'management URL of an emulator that runs already (default: one for the run)')
    .addOption(
      new Option(
        '--defect <name>',
        'breaks a rule of the emulator: the cells that meet it must fail',
      ).choices(defectNames),
    )
    .option(
      '--list',
      'print the names of the cells, with the reasons of those that cannot be, and run nothing',
    )
    .option('--out <directory>', 'where the reports go (default: out/conformance)')
    .option('--quiet', 'no progress and no summary')
    .action(conformance);
}

async function conformance(options: ConformanceOptions): Promise<void> {
  const { cell: patterns, devicesPerCell, defect, endpoint, list, out = 'out/conformance', quiet } = options;
  const overrides = [
    ...(defect === undefined ? [] : [{ path: 'endpoint.defect', value: defect }]),
    ...(endpoint === undefined
      ? []
      : [{ path: 'endpoint', value: { kind: 'external', managementUrl: endpoint } }]),
  ];
  const scenario = withDevicesPerCell(await loadScenario(matrix, overrides), devicesPerCell);
  const cells = expandMatrix(scenario);
  const onlyCells = selectCells(
    cells.map(({ name }) => name),
    patterns,
  );
  if (list === true) {
    const shown = cells.filter(({ name }) => onlyCells?.(name) ?? true);
    const lines = shown.map(({ name, notPossible }) =>
      notPossible === undefined ? name : `${name}  not possible: ${notPossible}`,
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  const { exitCode, result } = await runAndReport(scenario, matrix, { out, quiet, onlyCells });
  process.exitCode = exitCode;
  if (result !== undefined && quiet === undefined) process.stdout.write(`${supportTables(result)}\n`);
}

function supportTables({ cells }: RunResult): string {
  const tables = documented
    .map((version) => supportTable(cells, version))
    .filter(({ platforms }) => platforms.length > 0);
  if (tables.length === 0) return '';
  const legend =
    '  √ every device was assigned   × some were not   – not possible, see the reasons in the report';
  return [...tables.flatMap((table) => [...describeSupport(table), '']), legend].join('\n');
}
