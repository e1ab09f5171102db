import { type DeviceFault, unauthorized } from './device-fault.ts';

const DAY_SECONDS = 86_400;

/** The token's expiry passed a day before it was sent; its signature is right. */
export const expiredSas = {
  description: 'sends a SAS token that expired a day ago',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },
  sasExpirySeconds: (expirySeconds) => expirySeconds - DAY_SECONDS,
} as const satisfies DeviceFault;
