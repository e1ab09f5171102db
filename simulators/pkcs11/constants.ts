import pkcs11js from 'pkcs11js'; // CommonJS: Node finds only some of its names

/** Return values that the code names; {@link returnName} knows all. @see PKCS #11 v2.40 §5.1 */
export const CKR = {
  DEVICE_ERROR: pkcs11js.CKR_DEVICE_ERROR,
  PIN_INCORRECT: pkcs11js.CKR_PIN_INCORRECT,
  PIN_LOCKED: pkcs11js.CKR_PIN_LOCKED,
  SESSION_COUNT: pkcs11js.CKR_SESSION_COUNT,
  TOKEN_NOT_PRESENT: pkcs11js.CKR_TOKEN_NOT_PRESENT,
  TOKEN_WRITE_PROTECTED: pkcs11js.CKR_TOKEN_WRITE_PROTECTED,
  KEY_HANDLE_INVALID: pkcs11js.CKR_KEY_HANDLE_INVALID,
  USER_ALREADY_LOGGED_IN: pkcs11js.CKR_USER_ALREADY_LOGGED_IN,
  CRYPTOKI_ALREADY_INITIALIZED: pkcs11js.CKR_CRYPTOKI_ALREADY_INITIALIZED,
} as const;

/** Flags of sessions and tokens. @see PKCS #11 v2.40 §3.2, §3.3 */
export const CKF = {
  RW_SESSION: pkcs11js.CKF_RW_SESSION,
  SERIAL_SESSION: pkcs11js.CKF_SERIAL_SESSION,
  OS_LOCKING_OK: pkcs11js.CKF_OS_LOCKING_OK,
} as const;

/** Who logs in. */
export const CKU = { SO: pkcs11js.CKU_SO, USER: pkcs11js.CKU_USER } as const;

/** Object classes. */
export const CKO = {
  PUBLIC_KEY: pkcs11js.CKO_PUBLIC_KEY,
  PRIVATE_KEY: pkcs11js.CKO_PRIVATE_KEY,
  SECRET_KEY: pkcs11js.CKO_SECRET_KEY,
  CERTIFICATE: pkcs11js.CKO_CERTIFICATE,
} as const;

/** Key types. */
export const CKK = {
  EC: pkcs11js.CKK_EC,
  RSA: pkcs11js.CKK_RSA,
  GENERIC_SECRET: pkcs11js.CKK_GENERIC_SECRET,
} as const;

/** Certificate types. */
export const CKC = { X_509: pkcs11js.CKC_X_509 } as const;

/** Attributes. @see PKCS #11 v2.40 §4 */
export const CKA = {
  CLASS: pkcs11js.CKA_CLASS,
  TOKEN: pkcs11js.CKA_TOKEN,
  PRIVATE: pkcs11js.CKA_PRIVATE,
  LABEL: pkcs11js.CKA_LABEL,
  ID: pkcs11js.CKA_ID,
  VALUE: pkcs11js.CKA_VALUE,
  CERTIFICATE_TYPE: pkcs11js.CKA_CERTIFICATE_TYPE,
  SUBJECT: pkcs11js.CKA_SUBJECT,
  KEY_TYPE: pkcs11js.CKA_KEY_TYPE,
  SENSITIVE: pkcs11js.CKA_SENSITIVE,
  EXTRACTABLE: pkcs11js.CKA_EXTRACTABLE,
  ALWAYS_SENSITIVE: pkcs11js.CKA_ALWAYS_SENSITIVE,
  NEVER_EXTRACTABLE: pkcs11js.CKA_NEVER_EXTRACTABLE,
  LOCAL: pkcs11js.CKA_LOCAL,
  SIGN: pkcs11js.CKA_SIGN,
  VERIFY: pkcs11js.CKA_VERIFY,
  MODULUS: pkcs11js.CKA_MODULUS,
  MODULUS_BITS: pkcs11js.CKA_MODULUS_BITS,
  PUBLIC_EXPONENT: pkcs11js.CKA_PUBLIC_EXPONENT,
  PRIVATE_EXPONENT: pkcs11js.CKA_PRIVATE_EXPONENT,
  EC_PARAMS: pkcs11js.CKA_EC_PARAMS,
  EC_POINT: pkcs11js.CKA_EC_POINT,
} as const;

/** Mechanisms. */
export const CKM = {
  EC_KEY_PAIR_GEN: pkcs11js.CKM_EC_KEY_PAIR_GEN,
  RSA_PKCS_KEY_PAIR_GEN: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN,
  ECDSA: pkcs11js.CKM_ECDSA,
  RSA_PKCS: pkcs11js.CKM_RSA_PKCS,
  RSA_PKCS_PSS: pkcs11js.CKM_RSA_PKCS_PSS,
  SHA256_HMAC: pkcs11js.CKM_SHA256_HMAC,
} as const;

/** Hashes and mask generators as RSA-PSS parameters name them, by the names of node:crypto. */
export const pssHashes = {
  sha1: { hashAlg: pkcs11js.CKM_SHA_1, mgf: pkcs11js.CKG_MGF1_SHA1 },
  sha224: { hashAlg: pkcs11js.CKM_SHA224, mgf: pkcs11js.CKG_MGF1_SHA224 },
  sha256: { hashAlg: pkcs11js.CKM_SHA256, mgf: pkcs11js.CKG_MGF1_SHA256 },
  sha384: { hashAlg: pkcs11js.CKM_SHA384, mgf: pkcs11js.CKG_MGF1_SHA384 },
  sha512: { hashAlg: pkcs11js.CKM_SHA512, mgf: pkcs11js.CKG_MGF1_SHA512 },
} as const;

/** How pkcs11js is told that a mechanism's parameter is CK_RSA_PKCS_PSS_PARAMS. */
export const PSS_PARAMETERS = pkcs11js.CK_PARAMS_RSA_PSS;

/** Flags of a token that tell of its PIN and its state. @see PKCS #11 v2.40 §3.2, table 6 */
const tokenFlags = {
  CKF_RNG: 0x1,
  CKF_WRITE_PROTECTED: 0x2,
  CKF_LOGIN_REQUIRED: 0x4,
  CKF_USER_PIN_INITIALIZED: 0x8,
  CKF_TOKEN_INITIALIZED: 0x400,
  CKF_USER_PIN_COUNT_LOW: 0x10000,
  CKF_USER_PIN_FINAL_TRY: 0x20000,
  CKF_USER_PIN_LOCKED: 0x40000,
  CKF_SO_PIN_COUNT_LOW: 0x100000,
  CKF_SO_PIN_LOCKED: 0x400000,
} as const;

/** Names of the flags that are set in a token's `flags`, as far as they are in the table. */
export const tokenFlagNames = (flags: number): readonly string[] =>
  Object.entries(tokenFlags)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);

const returnNames = new Map(
  Object.entries(pkcs11js).flatMap(([name, value]) =>
    name.startsWith('CKR_') && typeof value === 'number' ? [[value, name] as const] : [],
  ),
);

/** `CKR_PIN_INCORRECT` for 0xA0; `CKR_0x80000001` for what a vendor defined. */
export const returnName = (returnValue: number): string =>
  returnNames.get(returnValue) ?? `CKR_0x${returnValue.toString(16).toUpperCase()}`;

/** The number of a CKR name; CKR_FUNCTION_FAILED for a name that there is not. */
export const returnValueOf = (name: string): number =>
  [...returnNames].find(([, known]) => known === name)?.[0] ?? pkcs11js.CKR_FUNCTION_FAILED;
