import type { DeviceFault } from './device-fault.ts';

/** Readers of base64 differ in whether the padding may be left out; the strict ones refuse the key. */
export const keyWithoutPadding = {
  description: 'has its key in base64 without the padding',
  enrollments: ['individual', 'group'],
  keyStore: 'software',
  clients: 'native',
  expected: { 'symmetric-key': { kind: 'token', code: 'CODEC' } },

  keyText: (base64) => base64.replace(/=+$/, ''),
} as const satisfies DeviceFault;
