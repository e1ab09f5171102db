import type { AttestationKind, EnrollmentKind } from '../wire/constants.ts';
import type { TransportKind } from '../wire/transports.ts';

export { type TransportKind, transportKinds } from '../wire/transports.ts';

export const clientKinds = ['native', 'azure-sdk'] as const;
export type ClientKind = (typeof clientKinds)[number];

export const keyStoreKinds = ['software', 'swtpm'] as const;
export type KeyStoreKind = (typeof keyStoreKinds)[number];

export const platformKinds = ['linux'] as const;
export type PlatformKind = (typeof platformKinds)[number];

/** What a device is: plain data, made by the plan, passed between threads. */
export interface DeviceSpec {
  /** Position in the fleet, from 0. */
  readonly index: number;
  readonly registrationId: string;
  readonly attestation: AttestationKind;
  readonly enrollment: EnrollmentKind;
  readonly keyStore: KeyStoreKind;
  readonly transport: TransportKind;
  readonly client: ClientKind;
  readonly platform: PlatformKind;
  /** A deliberate mistake in the device's credentials or behaviour; see the table in `faults/`. */
  readonly fault?: string | undefined;
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
      readonly kind: 'tpm';
      readonly tpmId: string;
      readonly stateFile: string;
      /** base64 TPM2B_PUBLIC. */
      readonly endorsementKey: string;
      readonly storageRootKey: string;
    };
