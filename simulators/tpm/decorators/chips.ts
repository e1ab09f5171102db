/** Average milliseconds per operation of one discrete TPM chip. */
export interface ChipTimes {
  /** Mean of a wide distribution: a prime search is a matter of luck. Null where nobody published it. */
  readonly rsaKeygenMs: number | null;
  /** RSA-2048 signature. */
  readonly rsaPrivateMs: number;
  /** RSA-2048 OAEP decryption: what TPM2_ActivateCredential and TPM2_Import spend on their seed. */
  readonly rsaOaepMs: number;
  readonly rsaPublicMs: number | null;
  readonly eccKeygenMs: number | null;
  readonly ecdhMs: number | null;
  readonly ecdsaSignMs: number;
}

/**
 * Chips by name. Figures: the benchmark section of wolfTPM's README (RSA-2048, P-256; SPI unless said), rounded there.
 */
export const chips = {
  'infineon-slb9670': {
    rsaKeygenMs: 2196,
    rsaPrivateMs: 163,
    rsaOaepMs: 167,
    rsaPublicMs: 8.9,
    eccKeygenMs: 231,
    ecdhMs: 232,
    ecdsaSignMs: 69,
  },
  'infineon-slb9672': {
    rsaKeygenMs: 1600,
    rsaPrivateMs: 77,
    rsaOaepMs: 88,
    rsaPublicMs: null,
    eccKeygenMs: null,
    ecdhMs: null,
    ecdsaSignMs: 36,
  },
  /** On I2C at 400 kHz. */
  'infineon-slb9673': {
    rsaKeygenMs: null,
    rsaPrivateMs: 168,
    rsaOaepMs: 161,
    rsaPublicMs: null,
    eccKeygenMs: null,
    ecdhMs: null,
    ecdsaSignMs: 72,
  },
  'microchip-attpm20': {
    rsaKeygenMs: 5276,
    rsaPrivateMs: 118,
    rsaOaepMs: 118,
    rsaPublicMs: 47,
    eccKeygenMs: 153,
    ecdhMs: 64,
    ecdsaSignMs: 59,
  },
  'nations-ns350': {
    rsaKeygenMs: null,
    rsaPrivateMs: 52,
    rsaOaepMs: 54,
    rsaPublicMs: null,
    eccKeygenMs: null,
    ecdhMs: null,
    ecdsaSignMs: 17,
  },
  'nations-z32h330': {
    rsaKeygenMs: 2184,
    rsaPrivateMs: 133,
    rsaOaepMs: 134,
    rsaPublicMs: 19,
    eccKeygenMs: 52,
    ecdhMs: 39,
    ecdsaSignMs: 23,
  },
  'nuvoton-npct650': {
    rsaKeygenMs: 4479,
    rsaPrivateMs: 541,
    rsaOaepMs: 544,
    rsaPublicMs: 13,
    eccKeygenMs: 148,
    ecdhMs: 176,
    ecdsaSignMs: 190,
  },
  'nuvoton-npct750': {
    rsaKeygenMs: 3409,
    rsaPrivateMs: 70,
    rsaOaepMs: 71,
    rsaPublicMs: 7.5,
    eccKeygenMs: 84,
    ecdhMs: 29,
    ecdsaSignMs: 56,
  },
  'st-st33ktpm2x': {
    rsaKeygenMs: null,
    rsaPrivateMs: 91,
    rsaOaepMs: 93,
    rsaPublicMs: null,
    eccKeygenMs: null,
    ecdhMs: null,
    ecdsaSignMs: 25,
  },
  'st-st33tphf2x': {
    rsaKeygenMs: 7455,
    rsaPrivateMs: 248,
    rsaOaepMs: 252,
    rsaPublicMs: 9.1,
    eccKeygenMs: 220,
    ecdhMs: 247,
    ecdsaSignMs: 42,
  },
} as const satisfies Record<string, ChipTimes>;

export type ChipName = keyof typeof chips;

export const chipNames = Object.keys(chips) as readonly ChipName[];
