import { z } from 'zod';
import { allocationPolicies } from '../wire/enrollment.ts';

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
/** What the service keeps and gives back as it came. */
const anyObject = z.record(z.string(), z.unknown());
/** The documentation prints `geolatency`, the specification `geoLatency`. */
const allocationPolicy = z
  .string()
  .transform((text) => allocationPolicies.find((one) => one.toLowerCase() === text.toLowerCase()) ?? text)
  .pipe(z.enum(allocationPolicies));
const common = {
  attestation,
  provisioningStatus: z.enum(['enabled', 'disabled']).exactOptional(),
  capabilities: z.object({ iotEdge: z.boolean() }).exactOptional(),
  iotHubHostName: z.string().exactOptional(),
  iotHubs: z.array(z.string()).exactOptional(),
  allocationPolicy: allocationPolicy.exactOptional(),
  reprovisionPolicy: z
    .object({
      updateHubAssignment: z.boolean().exactOptional(),
      migrateDeviceData: z.boolean().exactOptional(),
    })
    .exactOptional(),
  customAllocationDefinition: z.object({ webhookUrl: z.string(), apiVersion: z.string() }).exactOptional(),
  initialTwin: anyObject.exactOptional(),
};

/** An individual enrollment as the service API takes it; members that the emulator does not know are left out. */
export const individualSchema = z.object({
  registrationId: z.string(),
  deviceId: z.string().exactOptional(),
  optionalDeviceInformation: anyObject.exactOptional(),
  ...common,
});

/** An enrollment group, likewise. */
export const groupSchema = z.object({ enrollmentGroupId: z.string(), ...common });

/** What is wrong with a value, member by member, on one line. */
export const describeMismatch = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`).join('; ');
