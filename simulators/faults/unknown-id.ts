import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** Nobody enrolled the device. A group admits whoever holds its key or certificate, so there is no such mistake. */
export const unknownId = {
  description: 'has no enrollment',
  enrollments: ['individual'],
  clients: 'any',
  expected: {
    'symmetric-key': notAdmitted,
    x509: notAdmitted,
    tpm: { kind: 'refused', status: 404, errorCode: 404201 },
  },
  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, listed: false } }),
} as const satisfies DeviceFault;
