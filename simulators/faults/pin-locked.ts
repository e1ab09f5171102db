import type { DeviceFault } from './device-fault.ts';

/** Somebody has tried wrong PINs, and the token has locked: the right one no longer helps. */
export const pinLocked = {
  description: 'has a token that locked after three wrong PINs',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_PIN_LOCKED' },
    x509: { kind: 'token', code: 'CKR_PIN_LOCKED' },
  },
  token: { wrongPinsBefore: 3 },
} as const satisfies DeviceFault;
