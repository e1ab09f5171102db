import type { DeviceFault } from './device-fault.ts';

/** tpm2-pkcs11: the module says only that something failed, the TPM below has no free slot. */
export const loginFailsBelow = {
  description: 'has a token on a TPM that has no room for an object',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_GENERAL_ERROR' },
    x509: { kind: 'token', code: 'CKR_GENERAL_ERROR' },
  },
  token: { refuses: { call: 'C_Login', returnName: 'CKR_GENERAL_ERROR' } },
} as const satisfies DeviceFault;
