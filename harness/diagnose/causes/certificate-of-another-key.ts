import { certain, type FailureCause } from '../cause.ts';
import { shortDigest } from '../evidence.ts';

/** Key and certificate were renewed apart. */
export const certificateOfAnotherKey: FailureCause = {
  explain: 'CERTIFICATE_KEY_MISMATCH',
  scenario: null,
  fix: 'issue the certificate from a request that is made with the key in use',
  find: ({ device }) => {
    const [leaf] = device?.chain?.certificates ?? [];
    if (leaf === undefined) return undefined;
    return device?.chain?.certifiesOwnKey === false
      ? certain(
          `the certificate ${leaf.subject} (${shortDigest(leaf.thumbprint)}) is for another key than the device has`,
        )
      : undefined;
  },
};
