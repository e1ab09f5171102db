import type { DeviceFault } from './device-fault.ts';

/** The token fails when it is to sign, as a dying one does. */
export const tokenError = {
  description: 'has a token that fails when it is to sign',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_DEVICE_ERROR' },
    x509: { kind: 'token', code: 'CKR_DEVICE_ERROR' },
  },
  token: { refuses: { call: 'C_SignInit', returnName: 'CKR_DEVICE_ERROR' } },
} as const satisfies DeviceFault;
