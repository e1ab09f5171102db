import { byUrgency, type CellJudgement, judgeCell } from './cells.ts';
import type { CellResult, RunResult } from './run-result.ts';

/** The cells of a run by what a device is (rows) and how it talks (columns). */
export interface CellGrid {
  readonly transports: readonly { readonly transport: string; readonly clients: readonly string[] }[];
  readonly rows: readonly GridRow[];
  /** Why squares are not possible, each reason once; squares refer to them by index. */
  readonly reasons: readonly string[];
}

export interface GridRow {
  /** `tpm / group / swtpm`. */
  readonly name: string;
  /** One for each client of each transport, in the order of the columns; undefined where the scenario has no cell. */
  readonly squares: readonly (GridSquare | undefined)[];
}

/** All cells that share a row and a column: they can still differ in platform and fault. */
export interface GridSquare {
  /** That of the cell which needs a look most. */
  readonly judgement: CellJudgement;
  readonly devices: number;
  readonly assigned: number;
  /** Of the slowest cell; `null` when no device of the square was timed. */
  readonly medianMs: number | null;
  /** Index in the grid's reasons; undefined when the square is possible. */
  readonly reason: number | undefined;
}

/** Lays the cells out as a grid; undefined when all of them talk in the same way, so that there is nothing to compare. */
export function layOutGrid(result: RunResult): CellGrid | undefined {
  const byTransport = Map.groupBy(result.cells, ({ transport }) => transport);
  const transports = Array.from(byTransport, ([transport, cells]) => ({
    transport,
    clients: [...new Set(cells.map(({ client }) => client))],
  }));
  if (transports.flatMap(({ clients }) => clients).length < 2) return undefined;

  const reasons = [...new Set(result.cells.flatMap(({ notPossible }) => notPossible ?? []))];
  const rows = Array.from(Map.groupBy(result.cells, rowOf), ([name, cells]) => ({
    name,
    squares: transports.flatMap(({ transport, clients }) =>
      clients.map((client) =>
        squareOf(
          cells.filter((cell) => cell.transport === transport && cell.client === client),
          result,
          reasons,
        ),
      ),
    ),
  }));
  return { transports, rows, reasons };
}

const rowOf = ({ attestation, enrollment, keyStore }: CellResult): string =>
  [attestation, enrollment, keyStore].join(' / ');

function squareOf(
  cells: readonly CellResult[],
  result: RunResult,
  reasons: readonly string[],
): GridSquare | undefined {
  const [worst] = byUrgency(cells, result);
  if (worst === undefined) return undefined;
  const medians = cells.flatMap(({ totalMs }) => totalMs.p50Ms ?? []);
  return {
    judgement: judgeCell(worst, result),
    devices: cells.reduce((sum, { devices }) => sum + devices, 0),
    assigned: cells.reduce((sum, { outcomes }) => sum + outcomes.assigned, 0),
    medianMs: medians.length === 0 ? null : Math.max(...medians),
    reason: worst.notPossible === null ? undefined : reasons.indexOf(worst.notPossible),
  };
}
