import { deviceFault } from '../../simulators/faults/table.ts';
import { type FaultKind, faultKinds } from '../../simulators/schemas.ts';

/**
 * Mistakes that the service itself answers, under its usual rules, or the TPM when it gets what the service sent: every
 * client must come to the same. Those of tokens, clocks, TPM states, pass-throughs and
 * habits of polling have fleets of their own.
 */
export const answeredFaults: readonly FaultKind[] = faultKinds.filter((kind) => {
  const { expected, platform, registrationId, tpm, pollSeconds } = deviceFault(kind);
  if ([platform, registrationId, tpm, pollSeconds].some((part) => part !== undefined)) return false;
  return Object.values(expected).every((each) => ['refused', 'ended', 'tpm'].includes(each.kind));
});
