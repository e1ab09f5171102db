import type { DeviceFault, ExpectedRefusal } from './device-fault.ts';

const refused = { kind: 'connection', code: 'ECONNREFUSED' } as const satisfies ExpectedRefusal;

/** Where only a proxy gets out, a client that does not use it finds every port closed. Port 1 (tcpmux) is open nowhere. */
export const directWayClosed = {
  description: 'goes straight to the service where only a proxy gets through',
  enrollments: ['individual', 'group'],
  clients: 'any',
  expected: { 'symmetric-key': refused, x509: refused, tpm: refused },
  port: 1,
} as const satisfies DeviceFault;
