import type { DeviceFault } from './device-fault.ts';

/** The token is there and holds no key of the name that the device is configured for. */
export const keyMissing = {
  description: 'is configured for a key that its token does not hold',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_KEY_HANDLE_INVALID' },
    x509: { kind: 'token', code: 'CKR_KEY_HANDLE_INVALID' },
  },
  token: { uri: { object: 'no-such-key', id: null } },
} as const satisfies DeviceFault;
