import { type DeviceFault, notAdmitted } from './device-fault.ts';

/** The device was set up for another DPS instance. */
export const wrongScope = {
  description: 'registers with an idScope that does not exist',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { 'symmetric-key': notAdmitted, x509: notAdmitted, tpm: notAdmitted },
  idScope: () => '0neFFFFFFFF',
} as const satisfies DeviceFault;
