import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** Issued by a CA whose clock is ahead, or for a roll-out to come. */
export const certificateNotYetValid = {
  description: 'presents a certificate that is valid from tomorrow on',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { x509: notAdmitted },

  issue: (plan) => ({ ...plan, certificate: { ...plan.certificate, life: 'not-yet-valid' } }),
} as const satisfies DeviceFault;
