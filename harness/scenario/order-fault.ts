import { UsageError } from '../../simulators/kernel/errors.ts';
import { type FaultKind, faultKinds } from '../../simulators/schemas.ts';
import { expandMatrix } from './expand.ts';
import type { Scenario } from './scenario-schema.ts';

/** A mistake of devices, as on a command line: which, and of how many. */
export interface DeviceFaultOrder {
  readonly fault: FaultKind;
  /** Above 0, at most 1. */
  readonly share: number;
}

/**
 * Reads `tpm-hangs`, `tpm.srk-missing` or `wrong-key=5%`: a point stands for a hyphen, or what is before it says whose
 * mistake it is.
 *
 * @returns undefined when no device makes such a mistake
 * @throws UsageError when the share is none
 */
export function parseDeviceFault(text: string): DeviceFaultOrder | undefined {
  const [name = '', share] = text.split('=');
  const spellings = [name, name.replace('.', '-'), name.replace(/^[a-z0-9]+\./, '')];
  const fault = faultKinds.find((known) => spellings.includes(known));
  if (fault === undefined) return undefined;
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(share ?? '100%') ?? [];
  const part = Number(number) / (percent === '%' ? 100 : 1);
  if (!(part > 0 && part <= 1)) {
    throw new UsageError(`${text}: expected a share of the devices, such as ${fault}=5%`);
  }
  return { fault, share: part };
}

/**
 * The scenario, of whose devices this share makes a mistake: of each entry that has a cell in which it can be made and
 * no mistake yet. They are expected to end as the mistake documents.
 *
 * @throws UsageError when no entry has such a cell, or the share comes to no device
 */
export function withDeviceFault(scenario: Scenario, { fault, share }: DeviceFaultOrder): Scenario {
  let ordered = 0;
  const fleet = scenario.fleet.flatMap((entry) => {
    const { expect: _other, ...rest } = entry;
    const devices = Math.round(entry.devices * share);
    const mistaken = { ...rest, devices: Math.max(1, devices), fault };
    const cells = expandMatrix({ ...scenario, fleet: [mistaken] });
    const canBe = entry.fault === undefined && cells.some(({ notPossible }) => notPossible === undefined);
    if (!canBe || devices === 0) return [entry];
    ordered += devices;
    const left = entry.devices - devices;
    return [...(left === 0 ? [] : [{ ...entry, devices: left }]), mistaken];
  });
  if (ordered > 0) return { ...scenario, fleet };
  throw new UsageError(`--fault ${fault}: no device of this scenario can make that mistake`, {
    hint: 'docs/scenarios.md says with which attestation and enrollment each can be made.',
  });
}
