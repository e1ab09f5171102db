/** How a device's key was used: for evidence that the token that holds it, and nothing else, proved the device. */
export interface KeyUse {
  /** Made by the token. */
  readonly signatures: number;
  /** TLS handshakes that were completed with the device's certificate. */
  readonly handshakes: number;
  /** Those of them that resumed a session: no signature is made then, and the proof is another connection's. */
  readonly resumed: number;
}

/** Of modules whose key is in a token or TPM. */
export interface KeyEvidence {
  keyUse(): KeyUse;
  /** Why the token last refused to work with the key; TLS reports no more than that a signature failed. */
  keyRefusal(): Error | undefined;
}
