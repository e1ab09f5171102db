import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The certificate is enrolled, or signed by an enrolled CA, and names another device. */
export const cnMismatch = {
  description: 'presents a certificate whose CN is not its registrationId',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { x509: notAdmitted },
  issue: (plan) => ({
    ...plan,
    certificate: { ...plan.certificate, commonName: `not-${plan.certificate.commonName}` },
  }),
} as const satisfies DeviceFault;
