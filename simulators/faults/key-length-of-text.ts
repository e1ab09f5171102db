import type { DeviceFault } from './device-fault.ts';

/** A client that measures the base64 text of a key and not the key: the keys that it refuses are as long as they may be. */
export const keyLengthOfText = {
  description: 'measures the text of its key, finds it too long and does not use it',
  enrollments: ['individual', 'group'],
  keyStore: 'software',
  clients: 'native',
  expected: { 'symmetric-key': { kind: 'platform', code: 'DEVICE_KEY_LENGTH_INVALID' } },
  keyText: () => '',
  toldAs: {
    code: 'DEVICE_KEY_LENGTH_INVALID',
    message: 'DeviceKeyLengthInvalid: the length of the key text is not between 16 and 64',
  },
} as const satisfies DeviceFault;
