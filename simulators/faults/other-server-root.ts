import type { DeviceFault } from './device-fault.ts';
import { formerRoot } from './former-root.ts';

const unknownRoot = { kind: 'connection', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' } as const;

/** The root of the server's certificate was changed, and the device has the former one built in. */
export const otherServerRoot = {
  description: 'trusts only a root that the service no longer uses',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': unknownRoot,
    x509: unknownRoot,
    tpm: unknownRoot,
  },

  trusts: formerRoot,
} as const satisfies DeviceFault;
