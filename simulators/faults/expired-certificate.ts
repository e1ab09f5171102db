import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The certificate was valid once. */
export const expiredCertificate = {
  description: 'presents a certificate that expired yesterday',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { x509: notAdmitted },
  issue: (plan) => ({ ...plan, certificate: { ...plan.certificate, life: 'expired' } }),
} as const satisfies DeviceFault;
