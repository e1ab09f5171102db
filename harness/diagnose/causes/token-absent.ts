import { certain, type FailureCause } from '../cause.ts';
import { type Evidence, isCode } from '../evidence.ts';

/** What is there instead. */
function others({ device }: Evidence): string {
  if (device?.token?.kind !== 'answers') return '';
  const { tokens, labels } = device.token;
  return `; the module has ${tokens}, for example ${labels.join(', ')}`;
}

/** The device has the name of another token. */
export const tokenAbsent: FailureCause = {
  explain: 'CKR_TOKEN_NOT_PRESENT',
  scenario: 'conformance/hsm-faults token-absent',
  fix: 'write the label of the token into the URI: dps-rig hsm list',
  find: (evidence) =>
    isCode(evidence, 'CKR_TOKEN_NOT_PRESENT')
      ? certain(`no slot has the token ${evidence.device?.tokenUri?.['token'] ?? ''}${others(evidence)}`)
      : undefined,
};
