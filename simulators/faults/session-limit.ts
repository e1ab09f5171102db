import type { DeviceFault } from './device-fault.ts';

/** The token has no session left: something else holds all of them. */
export const sessionLimit = {
  description: 'has a token that allows no further session',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_SESSION_COUNT' },
    x509: { kind: 'token', code: 'CKR_SESSION_COUNT' },
  },
  token: { refuses: { call: 'C_OpenSession', returnName: 'CKR_SESSION_COUNT' } },
} as const satisfies DeviceFault;
