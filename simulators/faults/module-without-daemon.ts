import type { DeviceFault } from './device-fault.ts';

/** openCryptoki answers so in a container without pkcsslotd. */
export const moduleWithoutDaemon = {
  description: 'has a module whose daemon does not run',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_HOST_MEMORY' },
    x509: { kind: 'token', code: 'CKR_HOST_MEMORY' },
  },
  token: { refuses: { call: 'C_OpenSession', returnName: 'CKR_HOST_MEMORY' } },
} as const satisfies DeviceFault;
