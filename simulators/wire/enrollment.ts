/** Enrollment resources in the JSON shape of the DPS service API. */

export interface X509CertificateEntry {
  /** PEM, base64 of PEM, or base64 of DER. */
  readonly certificate: string;
}

export interface PrimarySecondary<T> {
  readonly primary?: T;
  readonly secondary?: T;
}

export type AttestationMechanism =
  | {
      readonly type: 'tpm';
      readonly tpm: { readonly endorsementKey: string; readonly storageRootKey?: string };
    }
  | {
      readonly type: 'x509';
      readonly x509: {
        readonly clientCertificates?: PrimarySecondary<X509CertificateEntry>;
        readonly signingCertificates?: PrimarySecondary<X509CertificateEntry>;
        readonly caReferences?: PrimarySecondary<string>;
      };
    }
  | {
      readonly type: 'symmetricKey';
      readonly symmetricKey?: { readonly primaryKey?: string; readonly secondaryKey?: string };
    };

export const allocationPolicies = ['hashed', 'geoLatency', 'static', 'custom'] as const;

/** What happens when a device registers again; both members default to true. */
export interface ReprovisionPolicy {
  readonly updateHubAssignment?: boolean;
  readonly migrateDeviceData?: boolean;
}

interface EnrollmentCommon {
  readonly attestation: AttestationMechanism;
  readonly provisioningStatus?: 'enabled' | 'disabled';
  readonly capabilities?: { readonly iotEdge: boolean };
  readonly iotHubHostName?: string;
  readonly iotHubs?: readonly string[];
  readonly allocationPolicy?: (typeof allocationPolicies)[number];
  readonly reprovisionPolicy?: ReprovisionPolicy;
  readonly customAllocationDefinition?: { readonly webhookUrl: string; readonly apiVersion: string };
  /** `{tags, properties: {desired}}`. */
  readonly initialTwin?: Readonly<Record<string, unknown>>;
}

export interface IndividualEnrollment extends EnrollmentCommon {
  readonly registrationId: string;
  readonly deviceId?: string;
  readonly optionalDeviceInformation?: Readonly<Record<string, unknown>>;
}

export interface EnrollmentGroup extends EnrollmentCommon {
  readonly enrollmentGroupId: string;
}

export type Enrollment = IndividualEnrollment | EnrollmentGroup;
