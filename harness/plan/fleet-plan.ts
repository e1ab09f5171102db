import { createHash } from 'node:crypto';
import type { DeviceSpec } from '../../simulators/index.ts';
import type { RunCase } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import type { Range } from './ranges.ts';

/** Devices of a fleet, in the order in which they arrive. */
export interface FleetPlan {
  readonly seed: number;
  /** Goes into every registrationId: fleets of other scenarios and seeds do not collide with it. */
  readonly fleetTag: string;
  readonly cells: readonly RunCase[];
  readonly devices: PlannedDevices;
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
  return { seed, fleetTag, cells, devices: new PlannedDevices(fleetTag, cells) };
}

/** The same fleet where only some ranges of it are at hand: positions stay, cells count what is there. */
export function partOfFleet(plan: FleetPlan, ranges: readonly Range[]): FleetPlan {
  const devices = plan.devices.within(ranges);
  const counts = devices.countsByCell();
  return {
    ...plan,
    cells: plan.cells.map((cell, index) => ({ ...cell, devices: counts[index] ?? 0 })),
    devices,
  };
}

/**
 * The devices of a plan, by position. Each is made when it is asked for: of a million devices only the cells are kept,
 * four bytes for each.
 */
export class PlannedDevices implements Iterable<PlannedDevice> {
  readonly #fleetTag: string;
  readonly #cells: readonly RunCase[];
  readonly #cellOf: Uint32Array;
  readonly #ranges: readonly Range[];

  /**
   * @param cellOf of each position. Default: as even as can be
   * @param ranges what is at hand of the fleet. Default: all
   */
  constructor(
    fleetTag: string,
    cells: readonly RunCase[],
    cellOf = interleave(cells.map(({ devices }) => devices)),
    ranges: readonly Range[] = [{ number: 0, from: 0, to: cellOf.length }],
  ) {
    this.#fleetTag = fleetTag;
    this.#cells = cells;
    this.#cellOf = cellOf;
    this.#ranges = ranges;
  }

  /** Positions in the whole fleet. */
  get length(): number {
    return this.#cellOf.length;
  }

  /** Devices at hand: those that iteration comes by. */
  get count(): number {
    return this.#ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** The same devices, of which only these ranges are at hand. */
  within(ranges: readonly Range[]): PlannedDevices {
    return new PlannedDevices(this.#fleetTag, this.#cells, this.#cellOf, ranges);
  }

  /** How many devices at hand each cell has. */
  countsByCell(): Uint32Array {
    const counts = new Uint32Array(this.#cells.length);
    for (const { from, to } of this.#ranges) {
      for (const cell of this.#cellOf.subarray(from, to)) counts[cell] = (counts[cell] ?? 0) + 1;
    }
    return counts;
  }

  /** The device of the whole fleet that has this id. */
  find(registrationId: string): PlannedDevice | undefined {
    const device = this.at(Number(/\d+$/.exec(registrationId)?.[0]));
    return device?.spec.registrationId === registrationId ? device : undefined;
  }

  at(index: number): PlannedDevice | undefined {
    const cell = this.#cellOf[index];
    const runCase = cell === undefined ? undefined : this.#cells[cell];
    if (cell === undefined || runCase === undefined) return undefined;
    return { cell, spec: specOf(runCase, index, this.#fleetTag) };
  }

  /** As of an array, for a range. */
  slice(from: number, to: number): PlannedDevice[] {
    return Array.from({ length: Math.min(to, this.length) - from }, (_, offset) =>
      this.#present(from + offset),
    );
  }

  *[Symbol.iterator](): Iterator<PlannedDevice> {
    for (const { from, to } of this.#ranges) {
      for (let index = from; index < to; index += 1) yield this.#present(index);
    }
  }

  #present(index: number): PlannedDevice {
    const device = this.at(index);
    if (device === undefined) throw new RangeError(`no device ${index}`);
    return device;
  }
}

const shortNames = { 'symmetric-key': 'sym', x509: 'x509', tpm: 'tpm' } as const;

function specOf(cell: RunCase, index: number, fleetTag: string): DeviceSpec {
  const { platform, version, enrollment, attestation, keyStore, keyAlgorithm, transport, client, fault } =
    cell;
  const registrationId = `rig-${fleetTag}-${shortNames[attestation]}-${String(index).padStart(6, '0')}`;
  return {
    ...{ index, registrationId, platform, enrollment, attestation, keyStore, transport, client },
    ...(version === undefined ? {} : { version }),
    ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
    ...(fault === undefined ? {} : { fault }),
    ...(cell.clock === undefined ? {} : { clock: cell.clock }),
  };
}

/**
 * Orders the cells' devices so that any stretch of the fleet holds about the fleet's mix: every cell's devices stand
 * at even distances.
 *
 * @param counts devices of each cell
 * @returns the cell of each position
 */
export function interleave(counts: readonly number[]): Uint32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const places = new Float64Array(total);
  const cellOf = new Uint32Array(total);
  let next = 0;
  for (const [cell, count] of counts.entries()) {
    for (let turn = 0; turn < count; turn += 1) {
      places[next] = (turn + 0.5) / count;
      cellOf[next] = cell;
      next += 1;
    }
  }
  // Stable: where places are equal, the lower cell comes first.
  const order = Uint32Array.from({ length: total }, (_, index) => index);
  order.sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0) || a - b);
  return order.map((index) => cellOf[index] ?? 0);
}
