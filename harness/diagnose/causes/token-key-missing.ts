import { certain, type FailureCause } from '../cause.ts';
import { type Evidence, isCode } from '../evidence.ts';

/** What is there instead. */
function others({ device }: Evidence): string {
  const keys = device?.token?.kind === 'answers' ? device.token.keys : undefined;
  return keys === undefined ? '' : `; it has ${keys.join(', ')}`;
}

/** The token is there, the key is not. */
export const tokenKeyMissing: FailureCause = {
  explain: 'CKR_KEY_HANDLE_INVALID',
  scenario: null,
  fix: 'make the key under the label of the URI',
  find: (evidence) =>
    isCode(evidence, 'CKR_KEY_HANDLE_INVALID', 'CKR_OBJECT_HANDLE_INVALID')
      ? certain(`the token has no key ${evidence.device?.tokenUri?.['object'] ?? ''}${others(evidence)}`)
      : undefined,
};
