import type { EdgeVersion } from '../platforms/profiles.ts';
import type { PlatformKind } from '../platforms/table.ts';

/** Where a key is, as a configuration says it. */
export type KeySource =
  /** Written into the file itself; base64 there, these bytes are decoded. Secret. */
  | { readonly kind: 'inline'; readonly key: Uint8Array }
  /** `file:`; the content of a symmetric key's file is the raw key. */
  | { readonly kind: 'file'; readonly path: string }
  /** `pkcs11:`, RFC 7512 as far as IoT Edge reads it. */
  | { readonly kind: 'pkcs11'; readonly uri: string };

/** Where an identity certificate is, or how the device comes by one. */
export type CertificateSource =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'issued';
      readonly method: 'est' | 'local_ca' | 'self_signed';
      readonly commonName: string | undefined;
      readonly expiryDays: number | undefined;
      readonly autoRenew: AutoRenew | undefined;
    };

export interface AutoRenew {
  readonly rotateKey: boolean;
  /** e.g. `80%`, `10 day`. */
  readonly threshold: string;
  readonly retry: string;
}

/** How a device proves itself to DPS, or to its hub. */
export type Credential =
  | { readonly kind: 'symmetric-key'; readonly key: KeySource }
  | {
      readonly kind: 'x509';
      readonly certificate: CertificateSource;
      /** Absent when the certificate is issued: the key is made with it. */
      readonly privateKey: KeySource | undefined;
    }
  | { readonly kind: 'tpm' };

export type ProvisioningConfig =
  | {
      readonly source: 'manual';
      readonly hubHostName: string;
      readonly deviceId: string;
      readonly credential: Exclude<Credential, { kind: 'tpm' }>;
    }
  | {
      readonly source: 'dps';
      /** URL as written. */
      readonly globalEndpoint: string;
      readonly idScope: string;
      /** Absent: the CN of the certificate, or what the TPM tells, as the version does it. */
      readonly registrationId: string | undefined;
      readonly credential: Credential;
      /** Path of a JSON file. */
      readonly payloadPath: string | undefined;
    }
  /** By a module of its own behind an endpoint; 1.1 only. */
  | { readonly source: 'external'; readonly endpoint: string }
  | { readonly source: 'none' };

/** Something in a configuration that the device does not do what its writer may think; it goes on all the same. */
export interface ConfigNotice {
  /** `ignored-key`, `raw-key-file`, `registration-id-lost`, … ; stable. */
  readonly code: string;
  readonly message: string;
  /** From 1; absent for what is not at one place. */
  readonly line?: number | undefined;
  /** Dotted, e.g. `provisioning.dynamic_reprovisioning`. */
  readonly key?: string | undefined;
  /** What the software on the device prints about it; most of the time it is silent. */
  readonly daemonSays?: string | undefined;
  /** The configuration is accepted, and the device cannot come up with it. */
  readonly fatal?: boolean | undefined;
}

/** The formats in which a device's configuration is written. */
export const configFormats = [
  'super-config',
  'config-yaml',
  'provision-eflow-vm',
  'initialize-iot-edge',
  'connection-string',
] as const;
export type ConfigFormat = (typeof configFormats)[number];

/** What a device's configuration comes to, whatever the format in which it was written. */
export interface EdgeConfig {
  readonly platform: PlatformKind;
  readonly version: EdgeVersion;
  readonly format: ConfigFormat;
  readonly hostName: string | undefined;
  /** Of a nested device. */
  readonly parentHostName: string | undefined;
  readonly provisioning: ProvisioningConfig;
  readonly reprovisioning: 'Dynamic' | 'AlwaysOnStartup' | 'OnErrorOnly';
  readonly cloud: { readonly timeoutSeconds: number; readonly retries: number };
  readonly tpm: {
    /** Loader string of tpm2-tss. */
    readonly tcti: string;
    /** Added to 0x81000000. */
    readonly authKeyIndex: number;
    /** Authorization values are secret. */
    readonly endorsementAuth: string | undefined;
    readonly ownerAuth: string | undefined;
  };
  readonly pkcs11: { readonly modulePath: string; readonly baseSlotUri: string | undefined } | undefined;
  /** `[preloaded_keys]` of keyd, by id. */
  readonly preloadedKeys: Readonly<Record<string, KeySource>>;
  readonly notices: readonly ConfigNotice[];
}

/** What every reader is told. */
export interface ReaderOptions {
  /** For messages. */
  readonly file: string;
  readonly platform: PlatformKind;
  readonly version: EdgeVersion;
}
