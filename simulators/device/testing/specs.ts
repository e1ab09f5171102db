import type { DeviceSpec } from '../device-spec.ts';

/** A symmetric-key device with our own client, unless told otherwise. */
export const specOf = (changes: Partial<DeviceSpec> = {}): DeviceSpec => ({
  index: 0,
  registrationId: 'dev-01',
  attestation: 'symmetric-key',
  enrollment: 'individual',
  keyStore: changes.attestation === 'tpm' ? 'swtpm' : 'software',
  transport: 'https',
  client: 'native',
  platform: 'linux',
  ...changes,
});
