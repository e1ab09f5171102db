import type { KeyEvidence } from './key-use.ts';

/**
 * Where a device's proof of identity comes from. One kind per attestation; a transport asks for what its protocol
 * needs and never sees a key.
 */
export type SecurityModule = SymmetricKeyModule | X509Module | TpmModule;

/** HMAC-SHA256 with the device's key, wherever that key lives. */
export type SasSigner = (input: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

export interface SymmetricKeyModule extends AsyncDisposable {
  readonly attestation: 'symmetric-key';
  readonly sign: SasSigner;
  /** Of a key that is in a token. */
  readonly evidence?: KeyEvidence;
}

export interface X509Module extends AsyncDisposable {
  readonly attestation: 'x509';
  /** What a TLS client certificate needs. `key` is PEM: a software key, or a reference into a token. */
  readonly tls: {
    readonly cert: string;
    readonly key: string;
    /** Called for every handshake that was completed. */
    readonly onHandshake?: (resumed: boolean) => void;
  };
  /** Of a key that is in a token. */
  readonly evidence?: KeyEvidence;
}

export interface TpmModule extends AsyncDisposable {
  readonly attestation: 'tpm';
  /** TPM2B_PUBLIC, with its size field. */
  readonly endorsementKey: Uint8Array;
  readonly storageRootKey: Uint8Array;
  /**
   * Imports the key that a service wrapped for this TPM and makes it the identity key (0x81000100).
   *
   * @param blob the decoded `authenticationKey`
   * @throws TpmResponseError, CodecError (the blob's layout)
   */
  activateIdentityKey(blob: Uint8Array, signal: AbortSignal): Promise<void>;
  /** TPM2_HMAC with the identity key. */
  readonly sign: SasSigner;
  /**
   * Both, one after the other, in one turn at the TPM: where TPMs share a process, each turn costs a swap of state.
   *
   * @returns the signature over `input` made with the key of `blob`
   */
  activateAndSign(blob: Uint8Array, input: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}
