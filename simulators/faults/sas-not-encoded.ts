import { type DeviceFault, notAdmitted, unauthorized } from './device-fault.ts';

/** What is signed is `sr` as it stands in the token. */
export const sasNotEncoded = {
  description: 'signs its resource before it is percent-encoded',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },
  expectedOfGroup: { 'symmetric-key': notAdmitted },
  sasSignedText: (sr, expirySeconds) => `${decodeURIComponent(sr)}\n${expirySeconds}`,
} as const satisfies DeviceFault;
