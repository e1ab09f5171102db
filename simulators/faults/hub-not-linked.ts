import type { DeviceFault } from './device-fault.ts';

const noHub = { kind: 'ended', status: 'failed' } as const;

/** The registration is accepted, and nowhere to go is left. */
export const hubNotLinked = {
  description: 'is enrolled for a hub that is not linked',
  enrollments: ['individual'],
  clients: 'any',
  expected: { 'symmetric-key': noHub, x509: noHub, tpm: noHub },

  issue: (plan) => ({
    ...plan,
    enrollment: { ...plan.enrollment, hubs: ['unlinked-hub.azure-devices.net'] },
  }),
} as const satisfies DeviceFault;
