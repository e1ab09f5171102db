import type { DeviceFault } from './device-fault.ts';

/** No slot has the token that the device is configured for. */
export const tokenAbsent = {
  description: 'is configured for a token that no slot has',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_TOKEN_NOT_PRESENT' },
    x509: { kind: 'token', code: 'CKR_TOKEN_NOT_PRESENT' },
  },
  token: { uri: { token: 'no-such-token' } },
} as const satisfies DeviceFault;
