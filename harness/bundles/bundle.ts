import { z } from 'zod';
import type { WireRecord } from '../../simulators/index.ts';
import { scenarioSchema } from '../scenario/scenario-schema.ts';

/** Changes when an older reader would be misled. */
export const BUNDLE_VERSION = 1;

/** Names of the files of a bundle. */
export const bundleFiles = {
  bundle: 'bundle.json',
  wire: 'wire.jsonl',
  chain: 'chain.pem',
  tpmState: 'tpm-state.bin',
} as const;

/** `bundle.json`: one device that failed, and all that makes it again. */
export const bundleSchema = z.strictObject({
  format: z.literal('dps-rig-bundle'),
  version: z.literal(BUNDLE_VERSION),
  tool: z.string(),
  /** As it was run: options of the command line are in it, passwords are not. The seed is its `seed`. */
  scenario: scenarioSchema,
  scenarioFile: z.string(),
  /** Position in the fleet. */
  index: z.int().nonnegative(),
  registrationId: z.string(),
  cell: z.string(),
  /** As in `outcomes.tsv`. */
  outcome: z.string(),
  /** What it was told, for a person. */
  message: z.string(),
  diagnosis: z.strictObject({ cause: z.string(), statement: z.string() }).nullable(),
  /** What the device had and had done, see docs/diagnosis.md. */
  evidence: z.record(z.string(), z.unknown()).nullable(),
  /** Public keys of its TPM, base64; the state is a file of its own. */
  tpm: z
    .strictObject({ endorsementKey: z.base64(), storageRootKey: z.base64(), state: z.boolean() })
    .nullable(),
});

/** A device that failed, as its bundle tells it. */
export interface Bundle extends z.infer<typeof bundleSchema> {
  readonly directory: string;
  readonly wire: readonly WireRecord[];
  /** Secret. Absent where the device has no TPM, or the bundle was made without. */
  readonly tpmState: Uint8Array | undefined;
}
