import { createHash } from 'node:crypto';
import type { DeviceSpec } from '../../simulators/index.ts';
import type { RunCase } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

/** Devices of a fleet, in the order in which they arrive. */
export interface FleetPlan {
  readonly seed: number;
  /** Goes into every registrationId: fleets of other scenarios and seeds do not collide with it. */
  readonly fleetTag: string;
  readonly cells: readonly RunCase[];
  readonly devices: readonly PlannedDevice[];
}

export interface PlannedDevice {
  readonly spec: DeviceSpec;
  /** Index into `cells`. */
  readonly cell: number;
}

/** Plans a fleet: pure, so that the same cells and seed make the same plan. */
export function planFleet(scenario: Pick<Scenario, 'name' | 'seed'>, cells: readonly RunCase[]): FleetPlan {
  const { name, seed } = scenario;
  const fleetTag = createHash('sha256')
    .update(JSON.stringify([name, seed]))
    .digest('hex')
    .slice(0, 6);
  const devices = interleave(cells.map(({ devices: count }) => count)).map((cell, index): PlannedDevice => {
    const { platform, version, enrollment, attestation, keyStore, keyAlgorithm, transport, client, fault } =
      cellAt(cells, cell);
    const registrationId = `rig-${fleetTag}-${shortNames[attestation]}-${String(index).padStart(6, '0')}`;
    const axes = { platform, enrollment, attestation, keyStore, transport, client };
    return {
      cell,
      spec: {
        ...{ index, registrationId, ...axes },
        ...(version === undefined ? {} : { version }),
        ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
        ...(fault === undefined ? {} : { fault }),
      },
    };
  });
  return { seed, fleetTag, cells, devices };
}

const shortNames = { 'symmetric-key': 'sym', x509: 'x509', tpm: 'tpm' } as const;

/**
 * Orders the cells' devices so that any stretch of the fleet holds about the fleet's mix: every cell's devices stand
 * at even distances.
 *
 * @param counts devices of each cell
 * @returns the cell of each position
 */
export function interleave(counts: readonly number[]): number[] {
  const places = counts.flatMap((count, cell) =>
    Array.from({ length: count }, (_, turn) => ({ cell, at: (turn + 0.5) / count })),
  );
  return places.toSorted((a, b) => a.at - b.at || a.cell - b.cell).map(({ cell }) => cell);
}

function cellAt(cells: readonly RunCase[], index: number): RunCase {
  const cell = cells[index];
  if (cell === undefined) throw new RangeError(`no cell ${index}`);
  return cell;
}
