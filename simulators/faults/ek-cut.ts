import type { DeviceFault } from './device-fault.ts';

/** The first 100 bytes of the EK: whoever copied it lost the rest. */
export const ekCut = {
  description: 'presents the first part of its EK',
  enrollments: ['individual'],
  clients: 'native',
  expected: { tpm: { kind: 'refused', status: 401, errorCode: 401002 } },
  issue: (plan) => ({ ...plan, presentedEndorsementKey: 'cut' }),
} as const satisfies DeviceFault;
