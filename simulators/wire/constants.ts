/** Names and numbers of the DPS device API that both ends share. Source: the published device API of DPS. */

export const attestationKinds = ['symmetric-key', 'x509', 'tpm'] as const;
export type AttestationKind = (typeof attestationKinds)[number];

export const enrollmentKinds = ['individual', 'group'] as const;
export type EnrollmentKind = (typeof enrollmentKinds)[number];

/** Status of a registration, in the spelling of the wire. */
export const registrationStatuses = ['unassigned', 'assigning', 'assigned', 'failed', 'disabled'] as const;
export type RegistrationStatus = (typeof registrationStatuses)[number];

export type RegistrationSubstatus =
  | 'initialAssignment'
  | 'deviceDataMigrated'
  | 'deviceDataReset'
  | 'reprovisionedToInitialAssignment';

/** api-version that a native client sends unless told otherwise. */
export const DEFAULT_API_VERSION = '2021-06-01';

/** The host that devices dial unless configured otherwise. */
export const GLOBAL_DEVICE_ENDPOINT = 'global.azure-devices-provisioning.net';

/** `skn` of a device's SAS token for DPS, and `keyName` of the TPM challenge. */
export const REGISTRATION_KEY_NAME = 'registration';
