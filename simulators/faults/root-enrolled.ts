import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** An individual enrollment takes the certificate of the device; roots are for groups. */
export const rootEnrolled = {
  description: 'is enrolled individually with the certificate of its root',
  enrollments: ['individual'],
  keyStore: 'software',
  clients: 'any',
  expected: { x509: notAdmitted },

  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, certificate: 'root' } }),
} as const satisfies DeviceFault;
