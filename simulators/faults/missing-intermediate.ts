import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The group is enrolled by its root; the leaf alone does not lead there. */
export const missingIntermediate = {
  description: 'sends its certificate without the intermediate',
  enrollments: ['group'],
  clients: 'any',
  expected: { x509: notAdmitted },
  issue: (plan) => ({ ...plan, certificate: { ...plan.certificate, sends: 'leaf-only' } }),
} as const satisfies DeviceFault;
