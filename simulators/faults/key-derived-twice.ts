import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** A tool derives the device key from the key of the group; what it gave was taken for the key of the group once more. */
export const keyDerivedTwice = {
  description: 'derives its key from the key that was derived for it',
  enrollments: ['group'],
  keyStore: 'software',
  clients: 'any',
  expected: { 'symmetric-key': notAdmitted },

  issue: (plan) => ({ ...plan, key: 'derived-twice' }),
} as const satisfies DeviceFault;
