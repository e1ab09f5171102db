import type { DeviceFault } from './device-fault.ts';

/** The standard lets a security officer not in while a session cannot write. */
export const officerLogin = {
  description: 'logs in as security officer beside a read-only session',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_SESSION_READ_ONLY_EXISTS' },
    x509: { kind: 'token', code: 'CKR_SESSION_READ_ONLY_EXISTS' },
  },

  token: { loginAs: 'security-officer' },
} as const satisfies DeviceFault;
