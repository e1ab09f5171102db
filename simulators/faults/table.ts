import { InvariantError } from '../kernel/errors.ts';
import { certificateNotYetValid } from './certificate-not-yet-valid.ts';
import { certificateOfAnotherKey } from './certificate-of-another-key.ts';
import { certificateRolled } from './certificate-rolled.ts';
import { clockOf1970 } from './clock-of-1970.ts';
import { clockTenMinutesLate } from './clock-ten-minutes-late.ts';
import { clockTwoHoursLate } from './clock-two-hours-late.ts';
import { cnMismatch } from './cn-mismatch.ts';
import type { DeviceFault } from './device-fault.ts';
import { directWayClosed } from './direct-way-closed.ts';
import { disabledEnrollment } from './disabled-enrollment.ts';
import {
  eflowAgentExpired,
  eflowBrokerTimeout,
  eflowClockLate,
  eflowNothingInHub,
  eflowProxyClosed,
  eflowStaleAddress,
  eflowTpmOff,
} from './eflow.ts';
import { ekNotEnrolled } from './ek-not-enrolled.ts';
import { expiredCertificate } from './expired-certificate.ts';
import { expiredSas } from './expired-sas.ts';
import { foreignChallenge } from './foreign-challenge.ts';
import { hubNotLinked } from './hub-not-linked.ts';
import { initializedTwice } from './initialized-twice.ts';
import { keyAsBase64Text } from './key-as-base64-text.ts';
import { keyDerivedTwice } from './key-derived-twice.ts';
import { keyLengthOfText } from './key-length-of-text.ts';
import { keyMissing } from './key-missing.ts';
import { keyNotDerived } from './key-not-derived.ts';
import { keyWithoutPadding } from './key-without-padding.ts';
import { loginFailsBelow } from './login-fails-below.ts';
import { missingIntermediate } from './missing-intermediate.ts';
import { moduleMissing } from './module-missing.ts';
import { moduleUnconfigured } from './module-unconfigured.ts';
import { moduleWithoutDaemon } from './module-without-daemon.ts';
import { officerLogin } from './officer-login.ts';
import { otherCa } from './other-ca.ts';
import { otherServerRoot } from './other-server-root.ts';
import { pinLocked } from './pin-locked.ts';
import { pinUnreadable } from './pin-unreadable.ts';
import { pollsAsCSdk, pollsAsJavaSdk } from './poll-habits.ts';
import { ekCut, ekOfEllipticCurve } from './presented-ek.ts';
import { rootEnrolled } from './root-enrolled.ts';
import { sasLifeForExpiry } from './sas-life-for-expiry.ts';
import { sasNotEncoded } from './sas-not-encoded.ts';
import { sasWithoutNewline } from './sas-without-newline.ts';
import { sessionLimit } from './session-limit.ts';
import { slotByNumber } from './slot-by-number.ts';
import { tamperedToken } from './tampered-token.ts';
import { tokenAbsent } from './token-absent.ts';
import { tokenAfterFork } from './token-after-fork.ts';
import { tokenError } from './token-error.ts';
import { tokenReadOnly } from './token-read-only.ts';
import { tokenRemoved } from './token-removed.ts';
import { tpmStateFaults } from './tpm-states.ts';
import { unknownId } from './unknown-id.ts';
import { upperCaseId } from './upper-case-id.ts';
import { webhookUnreachable } from './webhook-unreachable.ts';
import { wrongKey } from './wrong-key.ts';
import { wrongPin } from './wrong-pin.ts';
import { wrongScope } from './wrong-scope.ts';

/** Every deliberate mistake, under the name that scenarios use. */
export const deviceFaults = {
  'wrong-key': wrongKey,
  'expired-sas': expiredSas,
  'tampered-token': tamperedToken,
  'wrong-scope': wrongScope,
  'wrong-pin': wrongPin,
  'pin-locked': pinLocked,
  'token-absent': tokenAbsent,
  'token-removed': tokenRemoved,
  'session-limit': sessionLimit,
  'token-error': tokenError,
  'key-missing': keyMissing,
  'pin-unreadable': pinUnreadable,
  'certificate-of-another-key': certificateOfAnotherKey,
  'unknown-id': unknownId,
  'cn-mismatch': cnMismatch,
  'missing-intermediate': missingIntermediate,
  'other-ca': otherCa,
  'expired-certificate': expiredCertificate,
  'ek-not-enrolled': ekNotEnrolled,
  'foreign-challenge': foreignChallenge,
  'disabled-enrollment': disabledEnrollment,
  'key-derived-twice': keyDerivedTwice,
  'key-not-derived': keyNotDerived,
  'key-without-padding': keyWithoutPadding,
  'sas-not-encoded': sasNotEncoded,
  'sas-without-newline': sasWithoutNewline,
  'sas-life-for-expiry': sasLifeForExpiry,
  'clock-two-hours-late': clockTwoHoursLate,
  'clock-ten-minutes-late': clockTenMinutesLate,
  'clock-of-1970': clockOf1970,
  'upper-case-id': upperCaseId,
  'root-enrolled': rootEnrolled,
  'certificate-rolled': certificateRolled,
  'certificate-not-yet-valid': certificateNotYetValid,
  'other-server-root': otherServerRoot,
  'hub-not-linked': hubNotLinked,
  'webhook-unreachable': webhookUnreachable,
  'slot-by-number': slotByNumber,
  'officer-login': officerLogin,
  'initialized-twice': initializedTwice,
  'ek-cut': ekCut,
  'ek-of-elliptic-curve': ekOfEllipticCurve,
  'key-as-base64-text': keyAsBase64Text,
  'key-length-of-text': keyLengthOfText,
  'direct-way-closed': directWayClosed,
  'polls-as-java-sdk': pollsAsJavaSdk,
  'polls-as-c-sdk': pollsAsCSdk,
  'module-missing': moduleMissing,
  'token-after-fork': tokenAfterFork,
  'token-read-only': tokenReadOnly,
  'module-unconfigured': moduleUnconfigured,
  'module-without-daemon': moduleWithoutDaemon,
  'login-fails-below': loginFailsBelow,
  ...tpmStateFaults,
  'eflow-tpm-off': eflowTpmOff,
  'eflow-broker-timeout': eflowBrokerTimeout,
  'eflow-proxy-closed': eflowProxyClosed,
  'eflow-stale-address': eflowStaleAddress,
  'eflow-clock-late': eflowClockLate,
  'eflow-nothing-in-hub': eflowNothingInHub,
  'eflow-agent-expired': eflowAgentExpired,
} as const satisfies Record<string, DeviceFault>;

export type FaultKind = keyof typeof deviceFaults;

export const faultKinds = Object.keys(deviceFaults) as readonly FaultKind[];

const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(deviceFaults, name);

/** @throws InvariantError when there is no fault of this name: the scenario was checked long before */
export function deviceFault(name: string): DeviceFault {
  if (!isFaultKind(name)) throw new InvariantError(`unknown fault ${name}`);
  return deviceFaults[name];
}
