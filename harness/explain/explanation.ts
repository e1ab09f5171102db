/** The layer that shows a code; the cause is often in another one. */
export const layers = ['dps', 'tpm', 'pkcs11', 'tls', 'mqtt', 'amqp', 'network', 'device'] as const;
export type Layer = (typeof layers)[number];

/** One way to come by a code, with what tells it from the others. */
export interface Cause {
  readonly because: string;
  /** What to look at, and what it shows in this case. */
  readonly tell: string;
  readonly fix: string;
  /** Name of a scenario or fault that reproduces it: `conformance/https-refusals.toml wrong-key`. */
  readonly reproduce?: string;
}

/** What a code means. */
export interface Explanation {
  readonly layer: Layer;
  /** As the layer names it: `401002`, `TPM_RC_INTEGRITY`, `CKR_PIN_LOCKED`. */
  readonly code: string;
  /** As programs show it as a number; for TPM codes without their handle, parameter or session. */
  readonly number?: number;
  /** The name beside a number, e.g. `EnrollmentNotFound`. */
  readonly name?: string;
  readonly means: string;
  /** Most likely first. */
  readonly causes?: readonly Cause[];
  /** Where the meaning is written, or was seen. */
  readonly source: string;
  /** Texts in which it is met; a query that holds one of them, or is held by one, finds it. */
  readonly texts?: readonly string[];
}

/** Rows of a table, by their code. */
export type ExplanationTable = Readonly<Record<string, Omit<Explanation, 'layer' | 'code'>>>;
