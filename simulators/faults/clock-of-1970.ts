import type { DeviceFault } from './device-fault.ts';

const certificateNotYetValid = { kind: 'connection', code: 'CERT_NOT_YET_VALID' } as const;

/** There is no real-time clock, and no time server was asked yet: every certificate is of the future. */
export const clockOf1970 = {
  description: 'believes that it is 1970',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: {
    'symmetric-key': certificateNotYetValid,
    x509: certificateNotYetValid,
    tpm: certificateNotYetValid,
  },

  clockLateSeconds: 1_700_000_000,
  judgesDatesByOwnClock: true,
} as const satisfies DeviceFault;
