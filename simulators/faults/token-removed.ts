import type { DeviceFault } from './device-fault.ts';

/** The token is pulled out between login and the first signature. */
export const tokenRemoved = {
  description: 'loses its token before the first signature',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_DEVICE_REMOVED' },
    x509: { kind: 'token', code: 'CKR_DEVICE_REMOVED' },
  },
  token: { refuses: { call: 'C_SignInit', returnName: 'CKR_DEVICE_REMOVED' } },
} as const satisfies DeviceFault;
