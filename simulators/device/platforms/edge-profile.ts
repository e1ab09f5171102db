/**
 * How one generation of the IoT Edge daemon provisions itself, as data: what it puts on the wire, how long it waits,
 * what it gives up on.
 *
 * @see reference of IoT Edge devices, chapters 2.1 to 2.6; every figure was read in the source of the tagged release
 */
export interface EdgeProfile {
  /** Query parameter of every DPS call. */
  readonly dpsApiVersion: '2018-11-01' | '2019-04-15' | '2021-06-01';
  /** Query parameter of the module calls at the hub. */
  readonly hubApiVersion: '2017-11-08-preview';
  /**
   * What becomes of a path in `global_endpoint`: `joined` as URLs are, `followed` directly by the request's, or
   * `replaced` by it.
   */
  readonly endpointPathIs: 'joined' | 'followed' | 'replaced';
  readonly sas: {
    /** From the device's clock. */
    readonly lifeSeconds: 30 | 3600;
    /** `request`: a new token for every request; `registration`: one for the register request and all status queries. */
    readonly newFor: 'request' | 'registration';
    /** How the slashes of `sr` are written; the whole value is in lower case. */
    readonly slash: '%2F' | '/';
    /** Whether a symmetric key's token has `skn=registration`; a TPM's always has. */
    readonly symmetricKeyHasSkn: boolean;
  };
  /** Whether the second register request of a TPM device carries its keys again. */
  readonly tpmKeysInSecondRequest: boolean;
  readonly poll: {
    readonly firstDelayMs: number;
    readonly delayMs: number;
    /** Status queries before it gives up; none: it asks for ever. Retry-After is ignored by every generation. */
    readonly most: number | undefined;
  };
  readonly cloud: {
    /** For one request. */
    readonly timeoutMs: number;
    /** Least `cloud_timeout_sec` that the configuration may ask for. */
    readonly leastTimeoutSeconds: number;
    /** After a network error or a time-out of the register request. */
    readonly retries: number;
    readonly retryDelayMs: number;
  };
  /** What it waits after each 429, and up to how much longer; empty: as any other refusal. */
  readonly throttleWaits: readonly { readonly delayMs: number; readonly jitterMs: number }[];
  /** Register answers and statuses other than the exact ones end the registration with an error of its own. */
  readonly strictAnswers: boolean;
  /** Whether `provisioning.payload` is known. */
  readonly payload: boolean;
  readonly tpm: {
    /** `config`: 0x81000000 plus `auth_key_index`; `ignored`: the setting is read and not honoured (1.4.0). */
    readonly keyHandle: 'fixed' | 'config' | 'ignored';
    readonly settings: boolean;
    /** Whether the key before is given up before the new one is unwrapped. */
    readonly evictsFirst: boolean;
    /** TPMA_OBJECT of an SRK that it makes itself. */
    readonly srkAttributes: 0x00030072 | 0x00030472;
  };
  /** Whether a saved device identity makes the next start skip DPS. */
  readonly backup: 'skips-dps' | 'when-dps-fails';
  /** In which modes a bad credential, reported by the edge runtime, makes it register again. */
  readonly reprovisionsOnError: 'dynamic-only' | 'always';
  /** Whether it renews an identity certificate that is about to expire (`auto_renew`). */
  readonly renewsIdentity: boolean;
}
