import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** Each member of a group has a key of its own, derived from the key of the group. */
export const keyNotDerived = {
  description: 'signs with the key of its group itself',
  enrollments: ['group'],
  keyStore: 'software',
  clients: 'any',
  expected: { 'symmetric-key': notAdmitted },

  issue: (plan) => ({ ...plan, key: 'of-the-group' }),
} as const satisfies DeviceFault;
