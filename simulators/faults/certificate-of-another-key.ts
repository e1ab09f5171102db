import type { DeviceFault } from './device-fault.ts';

/** The certificate on the device was issued for another key than the one in its token. */
export const certificateOfAnotherKey = {
  description: 'has a certificate that is not for the key in its token',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { x509: { kind: 'token', code: 'CERTIFICATE_KEY_MISMATCH' } },
  issue: (plan) => ({
    ...plan,
    certificate: { ...plan.certificate, certifies: 'another-key' },
  }),
  token: {},
} as const satisfies DeviceFault;
