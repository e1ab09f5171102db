import type { PlannedDevices } from '../plan/fleet-plan.ts';
import type { Outcome } from './outcome.ts';

/** What the verdict needs to know of a device that has reported. */
export type DeviceRecord = Pick<
  Outcome,
  'index' | 'registrationId' | 'cell' | 'result' | 'keyUse' | 'evidence' | 'watched'
> &
  Partial<Pick<Outcome, 'phasesMs'>>;

/** What became of a fleet, by position; absent where a device never reported. An array of outcomes is one. */
export interface FleetRecords extends Iterable<DeviceRecord | undefined> {
  at(index: number): DeviceRecord | undefined;
}

/**
 * Keeps what became of every device, in a few bytes where nothing special did: most of a large fleet is assigned
 * under its own id.
 */
export class FleetLedger implements FleetRecords {
  readonly #devices: PlannedDevices;
  /** 0: nothing reported; else 1 + index into `#usual`. */
  readonly #usualOf: Uint16Array;
  /** Ways to be assigned that were seen: hub and substatus. */
  readonly #usual: AssignedWay[] = [];
  readonly #usualIndex = new Map<string, number>();
  readonly #special = new Map<number, DeviceRecord>();
  #reported = 0;

  constructor(devices: PlannedDevices) {
    this.#devices = devices;
    this.#usualOf = new Uint16Array(devices.length);
  }

  /** Devices that have reported. */
  get reported(): number {
    return this.#reported;
  }

  /**
   * Enters what became of devices. One that is there already stays: a range that was run again, since nobody heard of
   * its end, counts once.
   *
   * @returns those that were entered
   */
  enter(outcomes: readonly Outcome[]): readonly Outcome[] {
    const entered = outcomes.filter(({ index }) => !this.#has(index));
    for (const outcome of entered) this.#enter(outcome);
    return entered;
  }

  at(index: number): DeviceRecord | undefined {
    const special = this.#special.get(index);
    if (special !== undefined) return special;
    const usual = this.#usual[(this.#usualOf[index] ?? 0) - 1];
    const device = usual === undefined ? undefined : this.#devices.at(index);
    if (usual === undefined || device === undefined) return undefined;
    const { registrationId } = device.spec;
    return {
      index,
      registrationId,
      cell: device.cell,
      result: { ...usual, deviceId: registrationId },
    };
  }

  *[Symbol.iterator](): Iterator<DeviceRecord | undefined> {
    for (let index = 0; index < this.#devices.length; index += 1) yield this.at(index);
  }

  /** Those that are not simply assigned, by position: few in most fleets, and found without looking at the others. */
  special(): readonly DeviceRecord[] {
    return [...this.#special.values()].toSorted((a, b) => a.index - b.index);
  }

  #has(index: number): boolean {
    return (this.#usualOf[index] ?? 0) !== 0 || this.#special.has(index);
  }

  #enter({ index, registrationId, cell, result, keyUse, evidence, watched, phasesMs }: Outcome): void {
    this.#reported += 1;
    const planned = this.#devices.at(index);
    const asPlanned = planned?.spec.registrationId === registrationId && planned.cell === cell;
    if (
      asPlanned &&
      result.kind === 'assigned' &&
      keyUse === undefined &&
      watched === undefined &&
      result.deviceId === registrationId
    ) {
      const { deviceId: _same, ...usual } = result;
      this.#usualOf[index] = 1 + this.#indexOf(usual);
      return;
    }
    this.#special.set(index, {
      ...{ index, registrationId, cell, result },
      ...(keyUse === undefined ? {} : { keyUse }),
      ...(evidence === undefined ? {} : { evidence }),
      ...(watched === undefined ? {} : { watched }),
      ...(result.kind === 'ended' || result.kind === 'error' ? { phasesMs } : {}),
    });
  }

  #indexOf(usual: AssignedWay): number {
    const key = JSON.stringify(usual);
    const known = this.#usualIndex.get(key);
    if (known !== undefined) return known;
    this.#usual.push(usual);
    this.#usualIndex.set(key, this.#usual.length - 1);
    return this.#usual.length - 1;
  }
}

type AssignedWay = Omit<Extract<Outcome['result'], { kind: 'assigned' }>, 'deviceId'>;
