import type { RegistrationStatus, RegistrationSubstatus } from './constants.ts';

/** JSON shapes of the DPS device API (HTTPS bodies; MQTT and AMQP carry the same text). */

/** Body of PUT …/register and of the look-up. */
export interface DeviceRegistration {
  readonly registrationId?: string;
  readonly tpm?: { readonly endorsementKey: string; readonly storageRootKey?: string };
  readonly payload?: unknown;
}

export interface X509CertificateInfo {
  readonly subjectName: string;
  readonly sha1Thumbprint: string;
  readonly sha256Thumbprint: string;
  readonly issuerName: string;
  readonly notBeforeUtc: string;
  readonly notAfterUtc: string;
  readonly serialNumber: string;
  readonly version: number;
}

export interface DeviceRegistrationResult {
  readonly registrationId: string;
  readonly createdDateTimeUtc?: string;
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly status: RegistrationStatus;
  readonly substatus?: RegistrationSubstatus;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly lastUpdatedDateTimeUtc?: string;
  readonly etag?: string;
  readonly payload?: unknown;
  /** TPM attestation, assigned: the blob that carries the IoT Hub device key. */
  readonly tpm?: { readonly authenticationKey: string };
  readonly x509?: {
    readonly certificateInfo?: X509CertificateInfo;
    readonly enrollmentGroupId?: string;
    readonly signingCertificateInfo?: X509CertificateInfo;
  };
  readonly symmetricKey?: { readonly enrollmentGroupId?: string };
}

export interface RegistrationOperationStatus {
  readonly operationId: string;
  readonly status: RegistrationStatus;
  readonly registrationState?: DeviceRegistrationResult;
}

/** The 401 body that carries the TPM challenge. */
export interface TpmChallengeBody {
  readonly message: string;
  readonly authenticationKey: string;
  readonly unencryptedAuthenticationKey: null;
  readonly keyName: string;
}

/** Body of a refused request. */
export interface ServiceErrorBody {
  readonly errorCode: number;
  readonly trackingId: string;
  readonly message: string;
  readonly info?: Readonly<Record<string, string>>;
  readonly timestampUtc: string;
}
