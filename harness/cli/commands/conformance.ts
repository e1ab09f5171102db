import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { RunResult } from '../../../reports/run-result.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { type DefectName, defectNames } from '../../../simulators/schemas.ts';
import { selectCells } from '../../conformance/select-cells.ts';
import { describeSupport, supportTable } from '../../conformance/support-table.ts';
import { expandMatrix } from '../../scenario/expand.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';
import type { Override } from '../../scenario/override.ts';
import { withDevicesPerCell } from '../../scenario/resize.ts';
import { collectOverride, parseCount } from '../parse-options.ts';
import { runAndReport } from '../run-and-report.ts';

const matrix = fileURLToPath(new URL('../../../scenarios/conformance/matrix.toml', import.meta.url));
/** Releases whose tables the documentation of IoT Edge has: the current one, and the last with three platforms. */
const documented = ['1.5', '1.1'] as const;

interface ConformanceOptions {
  readonly cell: readonly string[];
  readonly devicesPerCell: number;
  readonly defect?: DefectName;
  readonly endpoint?: string;
  readonly idScope?: string;
  readonly hub: readonly string[];
  readonly allowEndpoint: readonly string[];
  readonly consent?: true;
  readonly set: readonly Override[];
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
      collect,
      [],
    )
    .option('--devices-per-cell <n>', 'devices in each cell that can be', parseCount, 1)
    .option(
      '--endpoint <where>',
      'management URL of an emulator that runs already, or azure (default: an emulator for the run)',
    )
    .option('--id-scope <scope>', 'with --endpoint azure')
    .option('--hub <host>', 'with --endpoint azure: a linked hub; may be repeated', collect, [])
    .option('--allow-endpoint <host>', 'load may go to this host; may be repeated', collect, [])
    .option('--consent', 'agree to load on the real service that --allow-endpoint names')
    .option('--set <key=value>', 'sets a key of the scenario; may be repeated', collectOverride, [])
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
  const { cell: patterns, devicesPerCell, list, out = 'out/conformance', quiet, consent } = options;
  const loaded = await loadScenario(matrix, [...endpointOverrides(options), ...options.set]);
  const scenario = withDevicesPerCell(loaded, devicesPerCell);
  const cells = expandMatrix(scenario);
  const chosen = selectCells(
    cells.map(({ name }) => name),
    patterns,
  );
  // Devices without DPS are made in hubs, to which a connection string of DPS does not lead.
  const onlyCells = (name: string): boolean =>
    (chosen?.(name) ?? true) && !(scenario.endpoint.kind === 'azure' && name.split('/')[1] === 'manual');
  if (list === true) {
    const lines = cells
      .filter(({ name }) => onlyCells(name))
      .map(({ name, notPossible: why }) => (why === undefined ? name : `${name}  not possible: ${why}`));
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  const { exitCode, result } = await runAndReport(scenario, matrix, {
    ...{ out, quiet, onlyCells, allowedHosts: options.allowEndpoint, consent: consent ?? false },
  });
  process.exitCode = exitCode;
  if (result !== undefined && quiet === undefined) process.stdout.write(`${supportTables(result)}\n`);
}

/** @throws UsageError when it is not said what a real service needs */
function endpointOverrides({ defect, endpoint, idScope, hub }: ConformanceOptions): readonly Override[] {
  if (endpoint === undefined) return defect === undefined ? [] : [{ path: 'endpoint.defect', value: defect }];
  if (defect !== undefined) throw new UsageError('a defect can only be ordered of an emulator for the run');
  if (endpoint !== 'azure')
    return [{ path: 'endpoint', value: { kind: 'external', managementUrl: endpoint } }];
  if (idScope === undefined || hub.length === 0) {
    throw new UsageError('--endpoint azure needs --id-scope, and --hub for each linked hub');
  }
  return [
    { path: 'endpoint', value: { kind: 'azure', idScope, hubs: hub } },
    { path: 'run.hubConnect', value: 'none' },
  ];
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

function supportTables({ cells }: RunResult): string {
  const tables = documented
    .map((version) => supportTable(cells, version))
    .filter(({ platforms }) => platforms.length > 0);
  if (tables.length === 0) return '';
  const legend =
    '  √ every device was assigned   × some were not   – not possible, see the reasons in the report';
  return [...tables.flatMap((table) => [...describeSupport(table), '']), legend].join('\n');
}
