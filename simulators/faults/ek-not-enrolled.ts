import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The registrationId is enrolled with the EK of another TPM, as after a mainboard was changed. */
export const ekNotEnrolled = {
  description: 'has a TPM whose EK is not the enrolled one',
  enrollments: ['individual'],
  clients: 'any',
  expected: { tpm: notAdmitted },
  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, endorsementKey: 'foreign' } }),
} as const satisfies DeviceFault;
