/** ESYS_TR handles that need no TR_FromTPMPublic (tss2_esys.h). */
export const esysTr = {
  none: 0xfff,
  /** In the place of a session: the object's password, set by `setAuth`, empty by default. */
  password: 0x0ff,
  owner: 0x101,
  null: 0x107,
  lockout: 0x10a,
  endorsement: 0x10b,
  platform: 0x10c,
} as const;

/** TPM2_CAP (TPM 2.0 Part 2 §6.12). */
export const capabilities = { algorithms: 0, handles: 1, commands: 2, pcrs: 5, tpmProperties: 6 } as const;

/** TPM2_SE (Part 2 §6.11). */
export const sessionTypes = { hmac: 0, policy: 1, trial: 3 } as const;

/** TPM2_SU (Part 2 §6.10). */
export const startupTypes = { clear: 0, state: 1 } as const;

/** TPM2_ALG_ID (Part 2 §6.3), those that the calls here take. */
export const algorithms = {
  sha1: 0x04,
  aes: 0x06,
  sha256: 0x0b,
  sha384: 0x0c,
  null: 0x10,
  cfb: 0x43,
} as const;
