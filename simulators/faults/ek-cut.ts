import type { DeviceFault } from './device-fault.ts';

/** The first 100 bytes of the EK: whoever copied it lost the rest. */
export const ekCut = {
  description: 'presents the first part of its EK',
  enrollments: ['individual'],
  clients: 'native',
  expected: { tpm: { kind: 'refused', status: 400, errorCode: 400004 } },
  issue: (plan) => ({ ...plan, presentedEndorsementKey: 'cut' }),
} as const satisfies DeviceFault;
