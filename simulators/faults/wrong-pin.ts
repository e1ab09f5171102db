import type { DeviceFault } from './device-fault.ts';

/** The PIN that the device was given is not its token's. */
export const wrongPin = {
  description: 'logs in to its token with a wrong PIN',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'CKR_PIN_INCORRECT' },
    x509: { kind: 'token', code: 'CKR_PIN_INCORRECT' },
  },
  token: { uri: { pinSource: null, pinValue: 'not the PIN' } },
} as const satisfies DeviceFault;
