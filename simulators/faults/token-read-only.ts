import type { DeviceFault } from './device-fault.ts';

/** SoftHSM opens its store for writing even to sign. */
export const tokenReadOnly = {
  description: 'has a token whose store is read-only',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_TOKEN_WRITE_PROTECTED' },
    x509: { kind: 'token', code: 'CKR_TOKEN_WRITE_PROTECTED' },
  },
  token: { refuses: { call: 'C_OpenSession', returnName: 'CKR_TOKEN_WRITE_PROTECTED' } },
} as const satisfies DeviceFault;
