import type { DeviceFault } from './device-fault.ts';

/** Two libraries of one process, each with the same module. */
export const initializedTwice = {
  description: 'initialises the module that is initialised',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_CRYPTOKI_ALREADY_INITIALIZED' },
    x509: { kind: 'token', code: 'CKR_CRYPTOKI_ALREADY_INITIALIZED' },
  },

  token: { initializesAgain: true },
} as const satisfies DeviceFault;
