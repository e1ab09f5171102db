import type { DeviceFault } from './device-fault.ts';

/** PKCS #11 2.40, chapter 2.4: a module is to be initialised again in a child, which has none of its parent's state. */
export const tokenAfterFork = {
  description: 'uses a token in a child process without initialising its module again',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_CRYPTOKI_NOT_INITIALIZED' },
    x509: { kind: 'token', code: 'CKR_CRYPTOKI_NOT_INITIALIZED' },
  },
  token: { refuses: { call: 'C_SignInit', returnName: 'CKR_CRYPTOKI_NOT_INITIALIZED' } },
} as const satisfies DeviceFault;
