import { z } from 'zod';
import { toError, UsageError } from '../kernel/errors.ts';
import type { Enrollment } from '../wire/enrollment.ts';

const certificateEntry = z.object({ certificate: z.string() });
const certificates = z.object({
  primary: certificateEntry.exactOptional(),
  secondary: certificateEntry.exactOptional(),
});
const attestation = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('tpm'),
    tpm: z.object({ endorsementKey: z.string(), storageRootKey: z.string().exactOptional() }),
  }),
  z.object({
    type: z.literal('x509'),
    x509: z.object({
      clientCertificates: certificates.exactOptional(),
      signingCertificates: certificates.exactOptional(),
      caReferences: z
        .object({ primary: z.string().exactOptional(), secondary: z.string().exactOptional() })
        .exactOptional(),
    }),
  }),
  z.object({
    type: z.literal('symmetricKey'),
    symmetricKey: z
      .object({ primaryKey: z.string().exactOptional(), secondaryKey: z.string().exactOptional() })
      .exactOptional(),
  }),
]);
const common = {
  attestation,
  provisioningStatus: z.enum(['enabled', 'disabled']).exactOptional(),
  capabilities: z.object({ iotEdge: z.boolean() }).exactOptional(),
  iotHubHostName: z.string().exactOptional(),
  iotHubs: z.array(z.string()).exactOptional(),
  allocationPolicy: z.enum(['hashed', 'geoLatency', 'static', 'custom']).exactOptional(),
  reprovisionPolicy: z
    .object({
      updateHubAssignment: z.boolean().exactOptional(),
      migrateDeviceData: z.boolean().exactOptional(),
    })
    .exactOptional(),
};
const individual = z.object({ registrationId: z.string(), deviceId: z.string().exactOptional(), ...common });
const group = z.object({ enrollmentGroupId: z.string(), ...common });

/**
 * Checks enrollments in the JSON of the service API: one, or a list of them. Members that the emulator does not know are
 * passed over, as a resource read from the real service has many.
 *
 * @throws UsageError naming the enrollment and the member
 */
export function parseEnrollments(value: unknown): readonly Enrollment[] {
  return asList(value).map((value, index) => {
    const isGroup = typeof value === 'object' && value !== null && 'enrollmentGroupId' in value;
    const parsed = (isGroup ? group : individual).safeParse(value);
    if (parsed.success) return parsed.data;
    throw new UsageError(`enrollment ${index + 1} of the list: ${describe(parsed.error)}`);
  });
}

/** One or a list of registrationIds and enrollmentGroupIds. @throws UsageError */
export function parseIds(value: unknown): readonly string[] {
  const parsed = z.array(z.string()).safeParse(asList(value));
  if (parsed.success) return parsed.data;
  throw new UsageError(`the list of ids: ${describe(parsed.error)}`);
}

/** A JSON text, or several objects, one a line (NDJSON). @throws UsageError */
export function parseJsonOrLines(text: string): unknown {
  const trimmed = text.trim();
  // NDJSON has a whole object on each line; a JSON text over several lines breaks after its first bracket.
  const isLines = /^\{.*\}\s*\n\s*\{/.test(trimmed);
  try {
    return JSON.parse(isLines ? `[${trimmed.split(/\s*\n\s*/).join(',')}]` : trimmed);
  } catch (error) {
    throw new UsageError(`not JSON: ${toError(error).message}`, { cause: error });
  }
}

const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : [value];

const describe = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`).join('; ');
