import { certain, type FailureCause } from '../cause.ts';

/** Base64 without = at its end. */
export const keyPadding: FailureCause = {
  explain: 'CODEC',
  scenario: 'failure/keys/without-padding',
  fix: 'write the key with its padding',
  find: ({ device }) =>
    device?.key?.padding === 'missing'
      ? certain(`the key is base64 of ${device.key.bytes} bytes without its padding, which parsers refuse`)
      : undefined,
};
