import { type DeviceFault, type PassThroughFault, unauthorized } from './device-fault.ts';

/** What goes wrong on the way from the VM of EFLOW to the TPM of its host. Source: failure modes of EFLOW, iot-edge-devices §4.6. */
const passThrough = (description: string, code: string, fault: PassThroughFault) =>
  ({
    description,
    platform: 'eflow',
    enrollments: ['individual'],
    clients: 'any',
    expected: { tpm: { kind: 'platform', code } },
    passThrough: fault,
  }) as const satisfies DeviceFault;

/** The feature DpsTpm is off, as it is at first. */
export const eflowTpmOff = passThrough(
  'is in an EFLOW VM whose TPM pass-through was never switched on',
  'EFLOW_TPM_NOT_AVAILABLE',
  { kind: 'feature-off' },
);

/** The broker waits for a host that does not answer any more. */
export const eflowBrokerTimeout = passThrough(
  'is in an EFLOW VM whose TPM broker gets no answer from the host',
  'EFLOW_BROKER_TIMEOUT',
  { kind: 'no-answer' },
);

/** Nobody listens where the broker connects to. */
export const eflowProxyClosed = passThrough(
  'is in an EFLOW VM whose TPM port 2321 is closed',
  'ECONNREFUSED',
  {
    kind: 'port-closed',
  },
);

/** The first commands got through; then the network of the host was away, and its address is another. */
export const eflowStaleAddress = passThrough(
  'is in an EFLOW VM that knows an old address of its host',
  'EHOSTUNREACH',
  { kind: 'stale-address', afterCommands: 2 },
);

/** The clock of the VM stood still while its host slept: tokens of 30 seconds are long over. */
export const eflowClockLate = {
  description: 'is in an EFLOW VM whose clock is 30 minutes late after its host slept',
  platform: 'eflow',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },
  clockLateSeconds: 1_800,
} as const satisfies DeviceFault;

/** Provision-EflowVm ends when the configuration is written: what becomes of the registration, it does not know. */
export const eflowNothingInHub = {
  description: 'is in an EFLOW VM that was told to be provisioned, and enrolled under another id',
  platform: 'eflow',
  enrollments: ['individual'],
  clients: 'any',
  expected: { tpm: { kind: 'platform', code: 'EFLOW_NOTHING_IN_HUB' } },
  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, registrationId: 'another' } }),
  toldAs: {
    code: 'EFLOW_NOTHING_IN_HUB',
    message: 'Provision-EflowVm said "Provisioning successful", and nothing is in the hub',
  },
} as const satisfies DeviceFault;

/** After a year: the certificate between the agents of host and VM, which has nothing to do with the device's identity. */
export const eflowAgentExpired = passThrough(
  'is in an EFLOW VM whose agent certificate expired a year after its deployment',
  'CERT_HAS_EXPIRED',
  { kind: 'agent-certificate-expired' },
);
