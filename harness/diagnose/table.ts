import type { FailureCause } from './cause.ts';
import { blobDamaged } from './causes/blob-damaged.ts';
import { certificateExpired } from './causes/certificate-expired.ts';
import { certificateNotEnrolled } from './causes/certificate-not-enrolled.ts';
import { certificateNotYetValid } from './causes/certificate-not-yet-valid.ts';
import { certificateOfAnotherKey } from './causes/certificate-of-another-key.ts';
import { chainIncomplete } from './causes/chain-incomplete.ts';
import { clockBeforeServerCertificate } from './causes/clock-before-server-certificate.ts';
import { clockBehind } from './causes/clock-behind.ts';
import { commonNameDiffers } from './causes/common-name-differs.ts';
import { connectHangs } from './causes/connect-hangs.ts';
import { connectionLost } from './causes/connection-lost.ts';
import { connectionRefused } from './causes/connection-refused.ts';
import { credentialOfAnotherEk } from './causes/credential-of-another-ek.ts';
import { eflowPassThrough } from './causes/eflow-pass-through.ts';
import { ekDamaged } from './causes/ek-damaged.ts';
import { ekMissing } from './causes/ek-missing.ts';
import { ekNotEnrolled } from './causes/ek-not-enrolled.ts';
import { ekOfAnotherTpm } from './causes/ek-of-another-tpm.ts';
import { ekOfOtherTemplate } from './causes/ek-of-other-template.ts';
import { endorsementPassword } from './causes/endorsement-password.ts';
import { enrollmentDisabled } from './causes/enrollment-disabled.ts';
import { enrollmentMissing } from './causes/enrollment-missing.ts';
import { handlesProvisioned } from './causes/handles-provisioned.ts';
import { hubIdentityDisabled } from './causes/hub-identity-disabled.ts';
import { hubIdentityGone } from './causes/hub-identity-gone.ts';
import { hubLinkBroken } from './causes/hub-link-broken.ts';
import { hubNotLinked } from './causes/hub-not-linked.ts';
import { hubRefusesService } from './causes/hub-refuses-service.ts';
import { identityHandleTaken } from './causes/identity-handle-taken.ts';
import { identityKeyMissing } from './causes/identity-key-missing.ts';
import { keyDerivedTwice } from './causes/key-derived-twice.ts';
import { keyNotDerived } from './causes/key-not-derived.ts';
import { keyNotEnrolled } from './causes/key-not-enrolled.ts';
import { keyOfOtherCase } from './causes/key-of-other-case.ts';
import { keyPadding } from './causes/key-padding.ts';
import { moduleDaemonMissing } from './causes/module-daemon-missing.ts';
import { moduleInitializedTwice } from './causes/module-initialized-twice.ts';
import { moduleUnconfigured } from './causes/module-unconfigured.ts';
import { nameNotResolved } from './causes/name-not-resolved.ts';
import { officerLogin } from './causes/officer-login.ts';
import { otherAttestation } from './causes/other-attestation.ts';
import { otherAuthority } from './causes/other-authority.ts';
import { otherIdScope } from './causes/other-id-scope.ts';
import { ownerPassword } from './causes/owner-password.ts';
import { pinIncorrect } from './causes/pin-incorrect.ts';
import { pinLocked } from './causes/pin-locked.ts';
import { pinUnreadable } from './causes/pin-unreadable.ts';
import { proxyRefuses } from './causes/proxy-refuses.ts';
import { refusedThoughRight } from './causes/refused-though-right.ts';
import { registrationIdForm } from './causes/registration-id-form.ts';
import { rootEnrolled } from './causes/root-enrolled.ts';
import { sasAltered } from './causes/sas-altered.ts';
import { sasExpired } from './causes/sas-expired.ts';
import { sasLifeForExpiry } from './causes/sas-life-for-expiry.ts';
import { sasNotEncoded } from './causes/sas-not-encoded.ts';
import { sasWithoutLineFeed } from './causes/sas-without-line-feed.ts';
import { serverCertificateDates } from './causes/server-certificate-dates.ts';
import { serverRootNotTrusted } from './causes/server-root-not-trusted.ts';
import { serviceDoesNotAnswer } from './causes/service-does-not-answer.ts';
import { serviceUnavailable } from './causes/service-unavailable.ts';
import { slotByNumber } from './causes/slot-by-number.ts';
import { srkChanged } from './causes/srk-changed.ts';
import { srkMissing } from './causes/srk-missing.ts';
import { throttleWaitedOut } from './causes/throttle-waited-out.ts';
import { throttled } from './causes/throttled.ts';
import { tokenAbsent } from './causes/token-absent.ts';
import { tokenBelowFails } from './causes/token-below-fails.ts';
import { tokenFails } from './causes/token-fails.ts';
import { tokenKeyMissing } from './causes/token-key-missing.ts';
import { tokenReadOnly } from './causes/token-read-only.ts';
import { tokenRemade } from './causes/token-remade.ts';
import { tokenRemoved } from './causes/token-removed.ts';
import { tokenSessionsFull } from './causes/token-sessions-full.ts';
import { tokenStoreEmpty } from './causes/token-store-empty.ts';
import { tokenWithoutKeys } from './causes/token-without-keys.ts';
import { tpmCommandBlocked } from './causes/tpm-command-blocked.ts';
import { tpmHangs } from './causes/tpm-hangs.ts';
import { tpmLockout } from './causes/tpm-lockout.ts';
import { tpmNotStarted } from './causes/tpm-not-started.ts';
import { tpmObjectsFull } from './causes/tpm-objects-full.ts';
import { tpmRemade } from './causes/tpm-remade.ts';
import { tpmResponseCut } from './causes/tpm-response-cut.ts';
import { tpmSessionsFull } from './causes/tpm-sessions-full.ts';
import { tpmStricter } from './causes/tpm-stricter.ts';
import { tpmUnreachable } from './causes/tpm-unreachable.ts';
import { usualHandleTaken } from './causes/usual-handle-taken.ts';
import { webhookFails } from './causes/webhook-fails.ts';

/**
 * Every cause that evidence can show, by its name in reports. The first that finds itself in the evidence is the diagnosis,
 * so that a narrow cause stands before a wide one: a key that was derived twice is also a key that is not enrolled.
 */
export const failureCauses = {
  'other-id-scope': otherIdScope,
  'enrollment-disabled': enrollmentDisabled,
  'hub-not-linked': hubNotLinked,
  'webhook-fails': webhookFails,
  'hub-identity-gone': hubIdentityGone,
  'hub-identity-disabled': hubIdentityDisabled,
  'hub-link-broken': hubLinkBroken,
  'hub-refuses-service': hubRefusesService,
  'registration-id-form': registrationIdForm,
  throttled: throttled,
  'service-unavailable': serviceUnavailable,
  'throttle-waited-out': throttleWaitedOut,
  'key-padding': keyPadding,
  'key-derived-twice': keyDerivedTwice,
  'key-not-derived': keyNotDerived,
  'key-of-other-case': keyOfOtherCase,
  'other-attestation': otherAttestation,
  'enrollment-missing': enrollmentMissing,
  'sas-without-line-feed': sasWithoutLineFeed,
  'sas-not-encoded': sasNotEncoded,
  'sas-life-for-expiry': sasLifeForExpiry,
  'clock-behind': clockBehind,
  'sas-expired': sasExpired,
  'key-not-enrolled': keyNotEnrolled,
  'sas-altered': sasAltered,
  'certificate-of-another-key': certificateOfAnotherKey,
  'certificate-expired': certificateExpired,
  'certificate-not-yet-valid': certificateNotYetValid,
  'common-name-differs': commonNameDiffers,
  'root-enrolled': rootEnrolled,
  'certificate-not-enrolled': certificateNotEnrolled,
  'chain-incomplete': chainIncomplete,
  'other-authority': otherAuthority,
  'refused-though-right': refusedThoughRight,
  'ek-of-other-template': ekOfOtherTemplate,
  'ek-damaged': ekDamaged,
  'tpm-remade': tpmRemade,
  'ek-not-enrolled': ekNotEnrolled,
  'tpm-lockout': tpmLockout,
  'tpm-not-started': tpmNotStarted,
  'tpm-command-blocked': tpmCommandBlocked,
  'srk-missing': srkMissing,
  'ek-missing': ekMissing,
  'identity-key-missing': identityKeyMissing,
  'identity-handle-taken': identityHandleTaken,
  'usual-handle-taken': usualHandleTaken,
  'handles-provisioned': handlesProvisioned,
  'srk-changed': srkChanged,
  'blob-damaged': blobDamaged,
  'endorsement-password': endorsementPassword,
  'owner-password': ownerPassword,
  'tpm-sessions-full': tpmSessionsFull,
  'tpm-objects-full': tpmObjectsFull,
  'ek-of-another-tpm': ekOfAnotherTpm,
  'credential-of-another-ek': credentialOfAnotherEk,
  'tpm-stricter': tpmStricter,
  'pin-locked': pinLocked,
  'pin-incorrect': pinIncorrect,
  'pin-unreadable': pinUnreadable,
  'token-store-empty': tokenStoreEmpty,
  'token-remade': tokenRemade,
  'token-absent': tokenAbsent,
  'token-removed': tokenRemoved,
  'slot-by-number': slotByNumber,
  'token-sessions-full': tokenSessionsFull,
  'token-without-keys': tokenWithoutKeys,
  'token-key-missing': tokenKeyMissing,
  'officer-login': officerLogin,
  'module-initialized-twice': moduleInitializedTwice,
  'token-below-fails': tokenBelowFails,
  'module-unconfigured': moduleUnconfigured,
  'token-read-only': tokenReadOnly,
  'module-daemon-missing': moduleDaemonMissing,
  'token-fails': tokenFails,
  'clock-before-server-certificate': clockBeforeServerCertificate,
  'server-certificate-dates': serverCertificateDates,
  'server-root-not-trusted': serverRootNotTrusted,
  'name-not-resolved': nameNotResolved,
  'tpm-unreachable': tpmUnreachable,
  'connection-refused': connectionRefused,
  'proxy-refuses': proxyRefuses,
  'eflow-pass-through': eflowPassThrough,
  'tpm-hangs': tpmHangs,
  'tpm-response-cut': tpmResponseCut,
  'connect-hangs': connectHangs,
  'service-does-not-answer': serviceDoesNotAnswer,
  'connection-lost': connectionLost,
} as const satisfies Record<string, FailureCause>;

export type CauseName = keyof typeof failureCauses;
