import type { DeviceFault } from './device-fault.ts';

/** SoftHSM numbers its slots by the serials of their tokens, once it is loaded again. */
export const slotByNumber = {
  description: 'asks for slot 0, where its token is not',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_SLOT_ID_INVALID' },
    x509: { kind: 'token', code: 'CKR_SLOT_ID_INVALID' },
  },

  token: { slot: 0 },
} as const satisfies DeviceFault;
