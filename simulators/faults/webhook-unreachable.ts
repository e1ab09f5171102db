import type { DeviceFault } from './device-fault.ts';

const noAllocation = { kind: 'ended', status: 'failed' } as const;

/** Custom allocation: the service asks, on port 1 of this machine, and the connection is refused. */
export const webhookUnreachable = {
  description: 'is enrolled with a webhook that nobody answers',
  enrollments: ['individual'],
  clients: 'any',
  expected: { 'symmetric-key': noAllocation, x509: noAllocation, tpm: noAllocation },

  issue: (plan) => ({ ...plan, enrollment: { ...plan.enrollment, webhookUrl: 'http://127.0.0.1:1/' } }),
} as const satisfies DeviceFault;
