import type { ClockSkew } from '../kernel/clock.ts';
import type { KeyAlgorithm } from '../pki/key-pair.ts';
import { type AttestationKind, enrollmentKinds } from '../wire/constants.ts';
import type { TransportKind } from '../wire/transports.ts';
import type { EdgeVersion } from './platforms/profiles.ts';
import type { PlatformKind } from './platforms/table.ts';

export { type TransportKind, transportKinds } from '../wire/transports.ts';
export { type EdgeVersion, edgeVersions } from './platforms/profiles.ts';
export { type PlatformKind, platformKinds } from './platforms/table.ts';

export const clientKinds = ['native', 'azure-sdk', 'iot-edge'] as const;
export type ClientKind = (typeof clientKinds)[number];

export const keyStoreKinds = ['software', 'softhsm', 'swtpm'] as const;
export type KeyStoreKind = (typeof keyStoreKinds)[number];

/** How a device comes to its hub: by an enrollment of DPS, or `manual`, without DPS. */
export const provisioningKinds = [...enrollmentKinds, 'manual'] as const;
export type ProvisioningKind = (typeof provisioningKinds)[number];

/** What a device is: plain data, made by the plan, passed between threads. */
export interface DeviceSpec {
  /** Position in the fleet, from 0. */
  readonly index: number;
  readonly registrationId: string;
  readonly attestation: AttestationKind;
  readonly enrollment: ProvisioningKind;
  readonly keyStore: KeyStoreKind;
  readonly transport: TransportKind;
  /** Of X.509 keys. Default EC P-256. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  readonly client: ClientKind;
  readonly platform: PlatformKind;
  /** Of IoT Edge, with the client `iot-edge`. Default: the newest of the platform. */
  readonly version?: EdgeVersion | undefined;
  /** A deliberate mistake in the device's credentials or behaviour; see the table in `faults/`. */
  readonly fault?: string | undefined;
  /** How its clock differs from that of the machine. */
  readonly clock?: ClockSkew | undefined;
}

/** A key under the SRK of a TPM, which alone can load it; base64. */
export interface WrappedKey {
  /** Content of TPM2B_PRIVATE. */
  readonly inPrivate: string;
  /** TPMT_PUBLIC. */
  readonly inPublic: string;
}

/** What a device holds: made before the timed part, plain data, secret. */
export type DeviceCredentials =
  | { readonly kind: 'symmetric-key' /** base64 */; readonly key: string }
  | {
      readonly kind: 'x509';
      /** Leaf first, then intermediates. */
      readonly certificateChainPem: string;
      readonly privateKeyPem: string;
    }
  | {
      readonly kind: 'token-symmetric-key';
      /** `pkcs11:` with `module-path` and `pin-source`. */
      readonly keyUri: string;
    }
  | { readonly kind: 'token-x509'; readonly certificateChainPem: string; readonly keyUri: string }
  | {
      readonly kind: 'tpm-symmetric-key';
      readonly tpmId: string;
      readonly stateFile: string;
      readonly key: WrappedKey;
    }
  | {
      readonly kind: 'tpm-x509';
      readonly certificateChainPem: string;
      readonly tpmId: string;
      readonly stateFile: string;
      readonly key: WrappedKey;
    }
  | {
      readonly kind: 'tpm';
      readonly tpmId: string;
      readonly stateFile: string;
      /** base64 TPM2B_PUBLIC. */
      readonly endorsementKey: string;
      readonly storageRootKey: string;
    };
