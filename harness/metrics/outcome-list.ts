import { open } from 'node:fs/promises';
import type { DeviceResult } from '../../simulators/index.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { FleetRecords } from './fleet-ledger.ts';

/** Lines that are written together. */
const LINES_AT_ONCE = 2_000;

/**
 * The outcome of every device at hand, a line each, in the order of the fleet: id, cell and what became of it, between
 * tabs. Nothing in it depends on time, ports or the number of workers: the same scenario and seed give the same bytes.
 */
export function* outcomeLines({ devices, cells }: FleetPlan, outcomes: FleetRecords): Generator<string> {
  for (const { spec, cell } of devices) {
    const record = outcomes.at(spec.index);
    const came = record === undefined ? 'never reported' : nameResult(record.result);
    yield `${spec.registrationId}\t${cells[cell]?.name ?? ''}\t${came}\n`;
  }
}

/** In one clause, by codes alone: messages name ports, times and tracking ids. */
export function nameResult(result: DeviceResult): string {
  switch (result.kind) {
    case 'assigned': {
      const { deviceId, assignedHub, substatus } = result;
      return `assigned ${deviceId} to ${assignedHub}${substatus === undefined ? '' : `, ${substatus}`}`;
    }
    case 'ended':
      return `ended ${result.status}${result.errorCode === undefined ? '' : ` ${result.errorCode}`}`;
    case 'error': {
      const { status } = result.error.details;
      return `error ${result.error.code}${typeof status === 'number' ? `, status ${status}` : ''}`;
    }
    case 'aborted':
      return 'aborted';
  }
}

/** Writes the list of {@link outcomeLines} line by line: that of a million devices is a hundred megabytes. */
export async function writeOutcomeList(path: string, lines: Iterable<string>): Promise<void> {
  await using file = await open(path, 'w');
  let waiting: string[] = [];
  for (const line of lines) {
    waiting.push(line);
    if (waiting.length < LINES_AT_ONCE) continue;
    await file.write(waiting.join(''));
    waiting = [];
  }
  await file.write(waiting.join(''));
}
