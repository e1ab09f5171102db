import { type DeviceFault, notAdmitted, unauthorized } from './device-fault.ts';

/** keyd reads key files as bytes: whoever writes base64 there has another key, of 44 bytes. */
export const keyAsBase64Text = {
  description: 'takes the base64 text of its key for the key itself',
  enrollments: ['individual', 'group'],
  keyStore: 'software',
  clients: 'native',
  expected: { 'symmetric-key': unauthorized },
  expectedOfGroup: { 'symmetric-key': notAdmitted },
  keyText: (base64) => Buffer.from(base64).toString('base64'),
} as const satisfies DeviceFault;
