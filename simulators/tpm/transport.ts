/** What every way to a TPM offers. Commands are whole TPM 2.0 command buffers, answers whole response buffers. */
export interface TpmTransport extends AsyncDisposable {
  /**
   * Sends one command and returns the response as it came, whatever its response code.
   *
   * One command at a time: callers that may overlap put the queue decorator in front.
   *
   * @throws TransportError when no complete answer came: phase `tpm` (closed or malformed) or `timeout`
   */
  send(command: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Sends one command and keeps the thread until the response is there, for callers that cannot wait: a private key in
   * the middle of a TLS handshake. Absent where the way to the TPM has no such thing.
   *
   * @throws TransportError `TPM_BUSY` when another command is in flight; else as `send`
   */
  sendSync?(command: Uint8Array, deadlineMs: number): Uint8Array;
  /** Power: `cycle` is off and on (TPM reset, then TPM2_Startup is due); `off` leaves it unreachable. Absent where the way to the TPM has none. */
  power?(action: 'cycle' | 'off'): Promise<void>;
  /** Locality 0 to 4 of the commands that follow. Absent where the way to the TPM has none. */
  setLocality?(locality: number): Promise<void>;
  close(): Promise<void>;
}

/** A manufactured TPM: what the cache keeps of it, and all a device needs to know about it beforehand. */
export interface ManufacturedTpm {
  /** Stable name within its cache, e.g. `rsa2048-000042`. */
  readonly tpmId: string;
  /** File with the permanent state, in the form of swtpm's CMD_GET_STATEBLOB. Never written after manufacture. */
  readonly stateFile: string;
  /** TPM2B_PUBLIC of the EK at 0x81010001, with its size field: 316 bytes for RSA-2048. */
  readonly endorsementKey: Uint8Array;
  /** TPM2B_PUBLIC of the SRK at 0x81000001, with its size field: 284 bytes for RSA-2048. */
  readonly storageRootKey: Uint8Array;
}
