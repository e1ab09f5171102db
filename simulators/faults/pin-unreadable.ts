import type { DeviceFault } from './device-fault.ts';

/** The file with the PIN, which the URI names, is not there or may not be read. */
export const pinUnreadable = {
  description: 'cannot read the file with the PIN of its token',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'token', code: 'PIN_UNREADABLE' },
    x509: { kind: 'token', code: 'PIN_UNREADABLE' },
  },
  token: { uri: { pinSource: 'file:/nonexistent/pin' } },
} as const satisfies DeviceFault;
