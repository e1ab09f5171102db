import { type DeviceFault, notAdmitted, unauthorized } from './device-fault.ts';

/** One character of the signature was changed on the way. */
export const tamperedToken = {
  description: 'sends a SAS token whose signature was changed',
  enrollments: ['individual', 'group'],
  clients: 'native',
  expected: { 'symmetric-key': unauthorized, tpm: unauthorized },
  expectedOfGroup: { 'symmetric-key': notAdmitted },
  sasToken: (token) => token.replace(/sig=(.)/, (_, first: string) => `sig=${first === 'A' ? 'B' : 'A'}`),
} as const satisfies DeviceFault;
