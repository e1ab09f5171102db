import type { PassThroughFault } from '../../../faults/device-fault.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { seededRandom } from '../../../kernel/random.ts';
import type { TpmHost } from '../../../tpm/tpm-host.ts';
import type { DeviceSpec } from '../../device-spec.ts';
import { newestVersionOf } from '../table.ts';
import { createBroker, passThroughError } from './broker.ts';
import { type EflowVm, eflowBuilds, eflowVm } from './virtual-machine.ts';

export interface PassThroughOptions {
  /** The device in the VM. */
  readonly spec: Pick<DeviceSpec, 'index' | 'version' | 'registrationId'>;
  readonly fault: PassThroughFault | undefined;
  readonly clock: Clock;
  readonly seed: number;
  readonly timeScale: number;
}

/** Opens TPMs as a VM of EFLOW finds those of its hosts: there is none in the VM itself. */
export function withPassThrough(host: TpmHost, options: PassThroughOptions): TpmHost {
  const { spec, fault, clock, seed, timeScale } = options;
  const vm = vmOf(spec);
  const random = seededRandom(seed, 'eflow-broker', spec.registrationId);
  const broker = createBroker({ vm, fault, clock, random, timeScale });
  return {
    mode: host.mode,
    open: async (tpm, signal) => {
      if (fault?.kind === 'feature-off') throw passThroughError(fault, vm);
      const hosted = await host.open(tpm, signal);
      return {
        use: (flow, flowSignal) => hosted.use((transport) => flow(broker(transport)), flowSignal),
        [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

function vmOf({ index, version = newestVersionOf('eflow') }: PassThroughOptions['spec']): EflowVm {
  return eflowVm(`RIG-${index}`, eflowBuilds[version]?.at(-1) ?? '');
}
