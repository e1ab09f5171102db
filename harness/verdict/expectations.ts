import type { Check } from '../../reports/run-result.ts';
import type { DeviceResult } from '../../simulators/index.ts';
import { expectedOfFault } from '../../simulators/schemas.ts';
import type { Outcome } from '../metrics/outcome.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { RunCase } from '../scenario/expand.ts';
import type { Expectation } from '../scenario/scenario-schema.ts';

/** One check for each cell that can be: did every device of it end as it must? */
export function checkExpectations(
  plan: FleetPlan,
  outcomes: readonly (Outcome | undefined)[],
): readonly Check[] {
  const byCell = new Map<number, Outcome[]>();
  for (const outcome of outcomes) {
    if (outcome === undefined) continue;
    const list = byCell.get(outcome.cell) ?? [];
    if (list.length === 0) byCell.set(outcome.cell, list);
    list.push(outcome);
  }
  return plan.cells.flatMap((cell, index) =>
    cell.notPossible === undefined ? [checkCell(cell, byCell.get(index) ?? [])] : [],
  );
}

function checkCell(cell: RunCase, outcomes: readonly Outcome[]): Check {
  const expected = expectationOf(cell);
  const wrong = outcomes.filter(({ result }) => !meets(result, expected, cell.client));
  const example = wrong[0];
  const right = outcomes.length - wrong.length;
  return {
    kind: 'expectation',
    name: `${cell.name} ends as ${describe(expected)}`,
    cell: cell.name,
    passed: wrong.length === 0 && outcomes.length === cell.devices,
    actual: `${right} of ${cell.devices}`,
    detail: example === undefined ? null : `${example.registrationId}: ${describeResult(example.result)}`,
  };
}

/** What the scenario says, else what the fault documents, else assigned. */
function expectationOf({ expect, fault, ...axes }: RunCase): Expectation {
  if (expect !== undefined) return expect;
  return fault === undefined ? { result: 'assigned' } : expectedOfFault(fault, axes);
}

/** The official SDK hides status and errorCode of some refusals: what it does tell must fit. */
function meets(result: DeviceResult, expected: Expectation, client: RunCase['client']): boolean {
  switch (expected.result) {
    case 'assigned':
      return result.kind === 'assigned';
    case 'disabled':
    case 'failed':
      if (client === 'azure-sdk' && result.kind === 'error') return result.error.family === 'peer';
      // A daemon takes a status that it does not know for broken data.
      if (client === 'iot-edge' && result.kind === 'error') return result.error.code === 'INVALID_DATA';
      return (
        result.kind === 'ended' &&
        result.status === expected.result &&
        fits(result.errorCode, expected.errorCode)
      );
    case 'refused': {
      if (result.kind !== 'error' || result.error.family !== 'peer') return false;
      const { status, errorCode } = result.error.details;
      return (
        fits(status, expected.status, client === 'azure-sdk') &&
        fits(errorCode, expected.errorCode, client === 'azure-sdk') &&
        fits(result.error.code, expected.code)
      );
    }
  }
}

const fits = (seen: unknown, wanted: unknown, mayBeHidden = false): boolean =>
  wanted === undefined || seen === wanted || (mayBeHidden && seen === undefined);

function describe({ result, status, errorCode, code }: Expectation): string {
  const what = [status, errorCode, code].filter((part) => part !== undefined).join(' ');
  return what === '' ? result : `${result} (${what})`;
}

function describeResult(result: DeviceResult): string {
  switch (result.kind) {
    case 'assigned':
      return `assigned to ${result.assignedHub}`;
    case 'ended':
      return `${result.status}: ${result.errorCode ?? ''} ${result.message}`;
    case 'error':
      return `${result.error.code}: ${result.error.message}`;
    case 'aborted':
      return 'stopped';
  }
}
