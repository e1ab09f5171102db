import { type DeviceFault, unauthorized } from './device-fault.ts';

/** The tokens of the newer IoT Edge daemons live for 30 seconds. */
export const clockTenMinutesLate = {
  description: 'has a clock that is ten minutes late',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },

  clockLateSeconds: 600,
} as const satisfies DeviceFault;
