import type { DeviceFault } from './device-fault.ts';

/** Module and token are there; the user of the process may not read the file that leads to them. */
export const moduleUnconfigured = {
  description: 'has a module that cannot read its configuration',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_GENERAL_ERROR' },
    x509: { kind: 'token', code: 'CKR_GENERAL_ERROR' },
  },
  token: { refuses: { call: 'C_OpenSession', returnName: 'CKR_GENERAL_ERROR' } },
} as const satisfies DeviceFault;
