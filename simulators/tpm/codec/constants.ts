/** Numbers of the TPM 2.0 Library Specification, Part 2, under the names that it gives them. */

/** TPM_ALG_ID, Part 2 §6.3: those that the commands of this codec can carry. */
export const TPM_ALG = {
  RSA: 0x0001,
  SHA1: 0x0004,
  HMAC: 0x0005,
  AES: 0x0006,
  MGF1: 0x0007,
  KEYEDHASH: 0x0008,
  XOR: 0x000a,
  SHA256: 0x000b,
  SHA384: 0x000c,
  SHA512: 0x000d,
  NULL: 0x0010,
  RSASSA: 0x0014,
  RSAES: 0x0015,
  RSAPSS: 0x0016,
  OAEP: 0x0017,
  ECDSA: 0x0018,
  ECDH: 0x0019,
  ECDAA: 0x001a,
  ECSCHNORR: 0x001c,
  KDF1_SP800_56A: 0x0020,
  KDF2: 0x0021,
  KDF1_SP800_108: 0x0022,
  ECC: 0x0023,
  CFB: 0x0043,
} as const;

/** TPM_ECC_CURVE, Part 2 §6.4. */
export const TPM_ECC = { NIST_P256: 0x0003, NIST_P384: 0x0004, NIST_P521: 0x0005 } as const;

/** TPM_ST, Part 2 §6.9: whether a command or response carries an authorization area; the tag of a ticket. */
export const TPM_ST = { NO_SESSIONS: 0x8001, SESSIONS: 0x8002, HASHCHECK: 0x8024 } as const;

/** TPM_SU, Part 2 §6.10. */
export const TPM_SU = { CLEAR: 0x0000, STATE: 0x0001 } as const;

/** TPM_SE, Part 2 §6.11. */
export const TPM_SE = { HMAC: 0x00, POLICY: 0x01, TRIAL: 0x03 } as const;

/** TPM_CAP, Part 2 §6.12. */
export const TPM_CAP = {
  ALGS: 0x00000000,
  HANDLES: 0x00000001,
  COMMANDS: 0x00000002,
  PCRS: 0x00000005,
  TPM_PROPERTIES: 0x00000006,
} as const;

/** TPM_PT, Part 2 §6.13: the properties that people look at first. */
export const TPM_PT = {
  FAMILY_INDICATOR: 0x00000100,
  REVISION: 0x00000102,
  MANUFACTURER: 0x00000105,
  VENDOR_STRING_1: 0x00000106,
  FIRMWARE_VERSION_1: 0x0000010b,
  /** Largest piece of data that one TPM2_HMAC or TPM2_SequenceUpdate takes, in bytes. */
  INPUT_BUFFER: 0x0000010d,
  HR_TRANSIENT_MIN: 0x0000010e,
  HR_PERSISTENT_MIN: 0x0000010f,
  PERMANENT: 0x00000200,
  STARTUP_CLEAR: 0x00000201,
  HR_PERSISTENT: 0x00000208,
  LOCKOUT_COUNTER: 0x0000020e,
  MAX_AUTH_FAIL: 0x0000020f,
} as const;

/** TPM_RH and TPM_RS, Part 2 §7.4: permanent handles. */
export const TPM_RH = {
  OWNER: 0x40000001,
  NULL: 0x40000007,
  /** TPM_RS_PW: an authorization by password. */
  PW: 0x40000009,
  LOCKOUT: 0x4000000a,
  ENDORSEMENT: 0x4000000b,
  PLATFORM: 0x4000000c,
} as const;

/** First handle of each kind, for TPM2_GetCapability(TPM_CAP_HANDLES); Part 2 §7.2. */
export const TPM_HANDLE_RANGE = {
  NV_INDEX: 0x01000000,
  LOADED_SESSION: 0x02000000,
  SAVED_SESSION: 0x03000000,
  TRANSIENT: 0x80000000,
  PERSISTENT: 0x81000000,
} as const;

/** TPMA_SESSION, Part 2 §8.4. */
export const TPMA_SESSION = { CONTINUE_SESSION: 0x01 } as const;

/** TPMA_OBJECT, Part 2 §8.3. */
export const TPMA_OBJECT = {
  FIXED_TPM: 0x00000002,
  ST_CLEAR: 0x00000004,
  FIXED_PARENT: 0x00000010,
  SENSITIVE_DATA_ORIGIN: 0x00000020,
  USER_WITH_AUTH: 0x00000040,
  ADMIN_WITH_POLICY: 0x00000080,
  NO_DA: 0x00000400,
  ENCRYPTED_DUPLICATION: 0x00000800,
  RESTRICTED: 0x00010000,
  DECRYPT: 0x00020000,
  SIGN_ENCRYPT: 0x00040000,
} as const;
