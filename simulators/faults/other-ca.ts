import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** Everything about the chain is right, and its root is not enrolled. */
export const otherCa = {
  description: 'presents a chain of a CA that is not enrolled',
  enrollments: ['group'],
  clients: 'any',
  expected: { x509: notAdmitted },
  issue: (plan) => ({ ...plan, certificate: { ...plan.certificate, authority: 'unknown' } }),
} as const satisfies DeviceFault;
