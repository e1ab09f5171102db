import type { DeviceFault } from './device-fault.ts';

/**
 * Nothing is wrong with the device; somebody blocked it. A member of a group is blocked by an individual entry of
 * its own, which DPS looks up first.
 */
export const disabledEnrollment = {
  description: 'is enrolled, and disabled',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: {
    'symmetric-key': { kind: 'ended', status: 'disabled' },
    x509: { kind: 'ended', status: 'disabled' },
    tpm: { kind: 'ended', status: 'disabled' },
  },
  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, provisioningStatus: 'disabled' } }),
} as const satisfies DeviceFault;
