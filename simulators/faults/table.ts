import { InvariantError } from '../kernel/errors.ts';
import { cnMismatch } from './cn-mismatch.ts';
import type { DeviceFault } from './device-fault.ts';
import { disabledEnrollment } from './disabled-enrollment.ts';
import { ekNotEnrolled } from './ek-not-enrolled.ts';
import { expiredCertificate } from './expired-certificate.ts';
import { expiredSas } from './expired-sas.ts';
import { foreignChallenge } from './foreign-challenge.ts';
import { missingIntermediate } from './missing-intermediate.ts';
import { otherCa } from './other-ca.ts';
import { tamperedToken } from './tampered-token.ts';
import { unknownId } from './unknown-id.ts';
import { wrongKey } from './wrong-key.ts';
import { wrongScope } from './wrong-scope.ts';

/** Every deliberate mistake, under the name that scenarios use. */
export const deviceFaults = {
  'wrong-key': wrongKey,
  'expired-sas': expiredSas,
  'tampered-token': tamperedToken,
  'wrong-scope': wrongScope,
  'unknown-id': unknownId,
  'cn-mismatch': cnMismatch,
  'missing-intermediate': missingIntermediate,
  'other-ca': otherCa,
  'expired-certificate': expiredCertificate,
  'ek-not-enrolled': ekNotEnrolled,
  'foreign-challenge': foreignChallenge,
  'disabled-enrollment': disabledEnrollment,
} as const satisfies Record<string, DeviceFault>;

export type FaultKind = keyof typeof deviceFaults;

export const faultKinds = Object.keys(deviceFaults) as readonly FaultKind[];

const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(deviceFaults, name);

/** @throws InvariantError when there is no fault of this name: the scenario was checked long before */
export function deviceFault(name: string): DeviceFault {
  if (!isFaultKind(name)) throw new InvariantError(`unknown fault ${name}`);
  return deviceFaults[name];
}
