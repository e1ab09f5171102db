import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The enrollment was given the next certificate, and the device has not got it yet. */
export const certificateRolled = {
  description: 'presents the certificate before the one that is enrolled',
  enrollments: ['individual'],
  keyStore: 'software',
  clients: 'any',
  expected: { x509: notAdmitted },

  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, certificate: 'newer' } }),
} as const satisfies DeviceFault;
