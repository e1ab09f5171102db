import { InvalidArgumentError } from 'commander';
import { parseServiceFaultText, type ServiceFault } from '../../../simulators/index.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { type DeviceFaultOrder, parseDeviceFault, withDeviceFault } from '../../scenario/order-fault.ts';
import type { Scenario } from '../../scenario/scenario-schema.ts';

/** Collects `--fault` of an emulator. */
export function addFault(text: string, all: readonly ServiceFault[]): readonly ServiceFault[] {
  try {
    return [...all, parseServiceFaultText(text)];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new InvalidArgumentError(`${error.message}. ${error.hint ?? ''}`);
  }
}

/** What a run was ordered: a fault of the service, or a mistake of devices. */
export type FaultOrder = { readonly service: ServiceFault } | { readonly device: DeviceFaultOrder };

/** Collects `--fault` of a run. */
export function addFaultOrder(text: string, all: readonly FaultOrder[]): readonly FaultOrder[] {
  try {
    const device = parseDeviceFault(text);
    return [...all, device === undefined ? { service: parseServiceFaultText(text) } : { device }];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const others = 'Mistakes of devices are in `dps-rig list`.';
    throw new InvalidArgumentError([`${error.message}.`, error.hint ?? '', others].join(' '));
  }
}

/**
 * The scenario with all that was ordered.
 *
 * @throws UsageError when something of it cannot be
 */
export function withFaultOrders(scenario: Scenario, orders: readonly FaultOrder[]): Scenario {
  const services = orders.flatMap((order) => ('service' in order ? [order.service] : []));
  const devices = orders.flatMap((order) => ('device' in order ? [order.device] : []));
  return devices.reduce(withDeviceFault, withFaults(scenario, services));
}

/**
 * The scenario, whose emulator is ordered to have these faults besides its own.
 *
 * @throws UsageError when there is no emulator that could be ordered
 */
function withFaults(scenario: Scenario, faults: readonly ServiceFault[]): Scenario {
  if (faults.length === 0) return scenario;
  const { endpoint } = scenario;
  if (endpoint.kind !== 'emulator') {
    throw new UsageError('--fault is for runs with an emulator of their own', {
      hint: 'Give --fault to `dps-rig emulate`, or PUT /faults to its management API.',
    });
  }
  return { ...scenario, endpoint: { ...endpoint, faults: [...(endpoint.faults ?? []), ...faults] } };
}
