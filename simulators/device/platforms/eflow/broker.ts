import type { PassThroughFault } from '../../../faults/device-fault.ts';
import { blockThreadMs, type Clock } from '../../../kernel/clock.ts';
import { TransportError } from '../../../kernel/errors.ts';
import type { Random } from '../../../kernel/random.ts';
import { decorate } from '../../../tpm/decorators/decorate.ts';
import type { TpmTransport } from '../../../tpm/transport.ts';
import { commandCodeOf } from '../../../tpm/transports/tpm-framing.ts';
import { sleep } from '../../retrier.ts';
import type { EflowVm } from './virtual-machine.ts';

export interface BrokerOptions {
  readonly vm: EflowVm;
  readonly fault: PassThroughFault | undefined;
  readonly clock: Clock;
  /** Of the latency; one for each VM. */
  readonly random: Random;
  /** Of the broker's time-out. */
  readonly timeScale: number;
}

/** What a broker counts over all flows of its VM. */
export type Broker = (inner: TpmTransport) => TpmTransport;

// Assumptions, not measurements: nobody publishes these. A command goes from the broker through a TCP listener and a TLS
// connection over the virtual switch to a service of the host, and back.
const HOP_MS = { from: 1, to: 4 } as const;
const BROKER_TIMEOUT_MS = 30_000;

/**
 * The way from a VM of EFLOW to the TPM of its host: tpm2-abrmd, its TCP listeners on 127.0.0.1:2321 and 2322, a TLS
 * connection, and EFLOWProxy on the host.
 *
 * @see reference of IoT Edge devices, chapters 4.4 and 4.6
 */
export function createBroker({ vm, fault, clock, random, timeScale }: BrokerOptions): Broker {
  let commands = 0;
  const failing = (): boolean => {
    commands += 1;
    return fault !== undefined && commands > (fault.afterCommands ?? 0);
  };
  const hopMs = (): number => HOP_MS.from + random.next() * (HOP_MS.to - HOP_MS.from);
  return (inner) =>
    decorate(inner, {
      send: async (command, signal = never) => {
        if (fault !== undefined && failing()) {
          if (fault.kind === 'no-answer') await sleep(clock, BROKER_TIMEOUT_MS * timeScale, signal);
          throw passThroughError(fault, vm);
        }
        await sleep(clock, hopMs(), signal);
        return writesNv(command) ? readOnly : inner.send(command, signal);
      },
      sendSync: (sendSync) => (command, deadlineMs) => {
        if (fault !== undefined && failing()) throw passThroughError(fault, vm);
        blockThreadMs(hopMs());
        return writesNv(command) ? readOnly : sendSync(command, deadlineMs);
      },
    });
}

const never = new AbortController().signal;

/** In the words of those who say it in a real VM, and whose it is. */
export function passThroughError({ kind }: PassThroughFault, { hostName }: EflowVm): TransportError {
  switch (kind) {
    case 'feature-off':
      return new TransportError(
        'tpm',
        'EFLOW_TPM_NOT_AVAILABLE',
        `TPM provisioning information not available! (${hostName})`,
        { hint: 'Switch the pass-through on: Set-EflowVmFeature -feature DpsTpm -enable.' },
      );
    case 'no-answer':
      return new TransportError(
        'timeout',
        'EFLOW_BROKER_TIMEOUT',
        `tpm2-abrmd gave no answer within ${BROKER_TIMEOUT_MS / 1000} s (${hostName})`,
        { hint: 'Look whether EFLOWProxy runs on the host; a half-open connection ends with it.' },
      );
    case 'port-closed':
      return new TransportError('tpm', 'ECONNREFUSED', `connect ECONNREFUSED 127.0.0.1:2321 (${hostName})`, {
        hint: 'Look at tpm2-socat@2321 in the VM: it needs the host in the ARP table, so ICMP must pass.',
      });
    case 'agent-certificate-expired':
      return new TransportError(
        'tpm',
        'CERT_HAS_EXPIRED',
        `x509: certificate has expired or is not yet valid, between the agents of host and VM (${hostName})`,
        {
          hint: 'Update EFLOW: the agent gets a new certificate. The identity of the device is another one.',
        },
      );
    case 'stale-address':
      return new TransportError(
        'tpm',
        'EHOSTUNREACH',
        `connect EHOSTUNREACH: the host had another address before the network outage (${hostName})`,
        { hint: 'Restart the VM: Stop-EflowVm, Start-EflowVm.' },
      );
  }
}

/** TPM2_NV commands that change something (TPM 2.0 Part 2 §6.5.2). */
const nvWrites: ReadonlySet<number> = new Set([
  0x11f, // NV_UndefineSpaceSpecial
  0x122, // NV_UndefineSpace
  0x12a, // NV_DefineSpace
  0x132, // NV_GlobalWriteLock
  0x134, // NV_Increment
  0x135, // NV_SetBits
  0x136, // NV_Extend
  0x137, // NV_Write
  0x138, // NV_WriteLock
  0x13b, // NV_ChangeAuth
]);

const writesNv = (command: Uint8Array): boolean => nvWrites.has(commandCodeOf(command) ?? 0);

/** TPM_RC_NV_AUTHORIZATION; that the VM may only read is documented, with which code it is told is not. */
const readOnly = new Uint8Array([0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x49]);
