import { type DeviceFault, notAdmitted, unauthorized } from './device-fault.ts';

/** The two lines of what is signed are one. */
export const sasWithoutNewline = {
  description: 'signs resource and expiry without a line feed between',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },
  expectedOfGroup: { 'symmetric-key': notAdmitted },
  sasSignedText: (sr, expirySeconds) => `${sr}${expirySeconds}`,
} as const satisfies DeviceFault;
