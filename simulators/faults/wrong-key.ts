import { type DeviceFault, notAdmitted, unauthorized } from './device-fault.ts';

/** The device proves itself with a key or certificate of its own making, not with what is enrolled. */
export const wrongKey = {
  description: 'proves itself with a key that is not enrolled',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { 'symmetric-key': unauthorized, x509: notAdmitted },
  expectedOfGroup: { 'symmetric-key': notAdmitted },
  issue: (plan) => ({
    ...plan,
    key: 'unrelated',
    certificate: { ...plan.certificate, authority: 'unknown' },
  }),
} as const satisfies DeviceFault;
