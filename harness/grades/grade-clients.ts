import type { ClientGrade } from '../../reports/run-result.ts';
import type { LoggedRequest } from '../../simulators/index.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { RunCase } from '../scenario/expand.ts';
import { type Conversation, conversationsOf } from './conversations.ts';
import { gradeClient, grades } from './grade.ts';
import { retryFigures } from './retry-figures.ts';

/**
 * Grades every client of a fleet by what the service saw of it.
 *
 * @param requests of the whole run
 * @param timeScale of the waits of IoT Edge daemons
 * @returns worst first
 */
export function gradeClients(
  { cells, devices }: Pick<FleetPlan, 'cells' | 'devices'>,
  requests: readonly LoggedRequest[],
  timeScale: number,
): readonly ClientGrade[] {
  const conversations = conversationsOf(requests);
  const byClient = new Map<string, { readonly cell: RunCase; readonly all: Conversation[] }>();
  for (const { cell: index, spec } of devices) {
    const cell = cells[index];
    const conversation = conversations.get(spec.registrationId.toLowerCase());
    if (cell === undefined || conversation === undefined) continue;
    const known = byClient.get(clientOf(cell));
    if (known === undefined) byClient.set(clientOf(cell), { cell, all: [conversation] });
    else known.all.push(conversation);
  }
  return [...byClient]
    .map(([client, { cell, all }]) =>
      gradeClient(client, retryFigures(all, { timeScale: cell.client === 'iot-edge' ? timeScale : 1 })),
    )
    .toSorted((a, b) => rank(b) - rank(a));
}

const rank = ({ grade }: ClientGrade): number => (grade === null ? -1 : grades.indexOf(grade));

/** Whoever shares code shares habits: `iot-edge linux-1.4, https`. */
const clientOf = ({ client, platform, version, transport }: RunCase): string =>
  `${client}${version === undefined ? '' : ` ${platform}-${version}`}, ${transport}`;
