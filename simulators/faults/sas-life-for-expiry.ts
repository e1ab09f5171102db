import { type DeviceFault, unauthorized } from './device-fault.ts';

/** `se` is a point in time; 3600 is an hour after midnight of 1 January 1970. */
export const sasLifeForExpiry = {
  description: 'writes how long its token lives where its expiry belongs',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },

  sasExpirySeconds: () => 3_600,
} as const satisfies DeviceFault;
