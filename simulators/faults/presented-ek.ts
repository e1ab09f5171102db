import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The first 100 bytes of the EK: whoever copied it lost the rest. */
export const ekCut = {
  description: 'presents the first part of its EK',
  enrollments: ['individual'],
  clients: 'native',
  expected: { tpm: notAdmitted },
  issue: (plan) => ({ ...plan, presentedEndorsementKey: 'cut' }),
} as const satisfies DeviceFault;

/** DPS takes RSA-2048 EKs only, though the chip has one for elliptic curves too. */
export const ekOfEllipticCurve = {
  description: 'presents the EK of its TPM that is for elliptic curves',
  enrollments: ['individual'],
  clients: 'native',
  expected: { tpm: notAdmitted },
  issue: (plan) => ({ ...plan, presentedEndorsementKey: 'elliptic-curve' }),
} as const satisfies DeviceFault;
