import type { Check } from '../../reports/run-result.ts';
import type { DeviceResult } from '../../simulators/index.ts';
import { expectedOfFault } from '../../simulators/schemas.ts';
import type { DeviceRecord, FleetRecords } from '../metrics/fleet-ledger.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { RunCase } from '../scenario/expand.ts';
import type { Expectation } from '../scenario/scenario-schema.ts';

/** One check for each cell that can be: did every device of it end as it must? */
export function checkExpectations(plan: FleetPlan, outcomes: FleetRecords): readonly Check[] {
  const tallies = plan.cells.map((cell) => ({ cell, expected: expectationOf(cell), ...noneYet() }));
  for (const outcome of outcomes) {
    const tally = outcome === undefined ? undefined : tallies[outcome.cell];
    if (outcome === undefined || tally === undefined) continue;
    if (meets(outcome.result, tally.expected, tally.cell.client)) tally.right += 1;
    else tally.wrong.push(outcome);
  }
  return tallies.flatMap((tally) => {
    if (tally.expected.result === 'impossible') return [checkImpossible(tally.cell)];
    return tally.cell.notPossible === undefined ? [checkCell(tally)] : [];
  });
}

/** A combination that must be refused before anything starts. */
const checkImpossible = ({ name, notPossible }: RunCase): Check => ({
  kind: 'expectation',
  name: `${name} is refused by the plan`,
  cell: name,
  passed: notPossible !== undefined,
  actual: notPossible === undefined ? 'planned' : 'refused',
  detail: notPossible ?? null,
});

interface Tally {
  readonly cell: RunCase;
  readonly expected: Expectation;
  right: number;
  readonly wrong: DeviceRecord[];
}

const noneYet = (): Pick<Tally, 'right' | 'wrong'> => ({ right: 0, wrong: [] });

function checkCell({ cell, expected, right, wrong }: Tally): Check {
  const [example] = wrong;
  return {
    kind: 'expectation',
    name: `${cell.name} ends as ${describe(expected)}`,
    cell: cell.name,
    passed: wrong.length === 0 && right === cell.devices,
    actual: `${right} of ${cell.devices}`,
    detail: example === undefined ? null : `${example.registrationId}: ${describeResult(example.result)}`,
  };
}

/** What the scenario says, else what the fault documents, else assigned. */
export function expectationOf({ expect, fault, ...axes }: RunCase): Expectation {
  if (expect !== undefined) return expect;
  return fault === undefined ? { result: 'assigned' } : expectedOfFault(fault, axes);
}

/** The official SDK hides status and errorCode of some refusals: what it does tell must fit. */
function meets(result: DeviceResult, expected: Expectation, client: RunCase['client']): boolean {
  switch (expected.result) {
    case 'assigned':
      return result.kind === 'assigned';
    case 'impossible':
      return false;
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
