import { z } from 'zod';
import type { Enrollment } from '../wire/enrollment.ts';

const certificates = z.object({
  primary: z.object({ certificate: z.string() }).exactOptional(),
  secondary: z.object({ certificate: z.string() }).exactOptional(),
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
};
const enrollment = z.union([
  z.object({ registrationId: z.string(), deviceId: z.string().exactOptional(), ...common }),
  z.object({ enrollmentGroupId: z.string(), ...common }),
]);

/** One enrollment or a list of them, in the JSON of the service API. @throws ZodError naming the path */
export function parseEnrollments(value: unknown): readonly Enrollment[] {
  return z.array(enrollment).parse(Array.isArray(value) ? value : [value]);
}

/** A list of registrationIds and enrollmentGroupIds. @throws ZodError */
export const parseIds = (value: unknown): readonly string[] => z.array(z.string()).parse(value);
