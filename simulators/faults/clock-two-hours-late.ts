import { type DeviceFault, unauthorized } from './device-fault.ts';

/** Its tokens, of an hour, are over before they are sent. */
export const clockTwoHoursLate = {
  description: 'has a clock that is two hours late',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },

  clockLateSeconds: 7_200,
} as const satisfies DeviceFault;
