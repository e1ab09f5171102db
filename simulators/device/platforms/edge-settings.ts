/** What the configuration of an IoT Edge device says beyond its identity; absent is as the daemon has it. */
export interface EdgeSettings {
  /** `provisioning.payload`; versions before 1.4 do not know it. */
  readonly payload?: unknown;
  /** Path of `provisioning.global_endpoint`, e.g. `/base`; what becomes of it depends on the version. */
  readonly endpointPath?: string | undefined;
  /** `cloud_timeout_sec`, for one request. */
  readonly cloudTimeoutSeconds?: number | undefined;
  /** `cloud_retries`, after a network error. */
  readonly cloudRetries?: number | undefined;
  /** `tpm.auth_key_index`: the key stands at 0x81000000 plus this. Versions before 1.4 do not know it. */
  readonly authKeyIndex?: number | undefined;
  /** The daemon's own waits (between polls, after 429, before retries) times this. Default 1. */
  readonly timeScale?: number | undefined;
}
