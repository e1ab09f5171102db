import type { TokenCondition } from '../../pkcs11/token-condition.ts';
import type { TpmCondition } from '../../tpm/tpm-condition.ts';
import type { WaitingFor } from '../attempt-recorder.ts';

/** What a device that failed had, and what it did: plain data for a diagnosis. Keys are in it as digests only. */
export interface DeviceEvidence {
  /** As it named itself to the service. */
  readonly registrationId: string;
  readonly idScope: string;
  /** What its clock shows, and what that of this machine shows at the same time; Unix milliseconds. */
  readonly clock: { readonly deviceMs: number; readonly machineMs: number };
  /** The roots that it trusts; absent when they are those of the system. */
  readonly trustedRoots?: readonly RootEvidence[];
  /** Of a device that did not come to an end by itself. */
  readonly waitingFor?: WaitingFor;
  readonly key?: KeyEvidenceOfDevice;
  /** The last SAS token for DPS that it made. */
  readonly sas?: SasEvidence;
  readonly chain?: ChainEvidence;
  readonly tpm?: TpmEvidence;
  /** Where it looked for its key; without the PIN. */
  readonly tokenUri?: Readonly<Record<string, string>>;
  /** What is there now. */
  readonly token?: TokenCondition;
}

/** A certificate that a device trusts. */
export interface RootEvidence {
  readonly subject: string;
  /** SHA-256, hexadecimal. */
  readonly thumbprint: string;
}

/** A symmetric key that is in software. Digests are SHA-256, hexadecimal. */
export interface KeyEvidenceOfDevice {
  readonly bytes: number;
  readonly digest: string;
  /** As configured: base64 text without its padding is another text to some parsers. */
  readonly padding: 'as-needed' | 'missing';
}

/** A token without its signature. */
export interface SasEvidence {
  /** As it stands in the token. */
  readonly sr: string;
  /** Unix seconds. */
  readonly se: number;
  /** What the signature is over, found by making it again; `unknown` where no form gives it, or the key cannot be asked. */
  readonly signed: SignedForm | 'not-by-this-key' | 'unknown';
}

/** Ways to put together what is signed; `documented` is the one that services accept. */
export type SignedForm = 'documented' | 'without-line-feed' | 'sr-not-encoded';

/** Certificates as the device sends them, leaf first. */
export interface ChainEvidence {
  readonly certificates: readonly CertificateEvidence[];
  /** Whether the leaf is for the key that the device has; absent where the key is in hardware. */
  readonly certifiesOwnKey?: boolean;
}

export interface CertificateEvidence {
  readonly subject: string;
  readonly commonName: string | null;
  readonly issuer: string;
  readonly selfSigned: boolean;
  /** Unix milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256, hexadecimal. */
  readonly thumbprint: string;
}

/** Digests of EKs are of the TPM2B_PUBLIC, as the registrationId of a TPM device is. */
export interface TpmEvidence {
  /** As they were written down when the device was made. */
  readonly endorsementKeyOnRecord?: string;
  readonly storageRootKeyOnRecord?: string;
  /** What the device sent to the service; absent where that is not known: then what its TPM shows. */
  readonly presentedEndorsementKey?: string;
  /** How long that was. */
  readonly presentedBytes?: number;
  /** What the TPM shows now, or why it shows nothing. */
  readonly condition: TpmCondition | { readonly kind: 'silent'; readonly code: string };
}
