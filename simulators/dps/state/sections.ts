import { z } from 'zod';
import { type HubIdentityRecord, identityKey } from '../../hub/hub-registry.ts';
import { fromBase64 } from '../../kernel/bytes.ts';
import type { Place } from '../../storage/collection.ts';
import { type CaCertificateRecord, readCaCertificate } from '../attestation/ca-certificates.ts';
import type { IssuedKeysRecord } from '../attestation/issued-keys.ts';
import { individualEntry } from '../enrollment-entry.ts';
import { type GroupRecord, groupOfRecord, type IndividualRecord } from '../enrollment-records.ts';
import { groupSchema, individualSchema } from '../enrollment-schema.ts';
import { idKey } from '../registration-id.ts';
import type { Registration } from '../registration-registry.ts';

/** One kind of record of a state file: where it is kept, and what it must be. */
export interface Section {
  readonly collection: string;
  /**
   * Checks a record of a file and gives it its place.
   *
   * @throws z.ZodError, or what the part says to which the record belongs
   */
  readonly read: (record: unknown, sequence: number) => ReadRecord;
}

export interface ReadRecord {
  readonly key: string;
  readonly value: unknown;
  readonly place: Place;
}

const stamp = z.object({
  etag: z.string(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
  /** Written, and not read: the order of the file counts. */
  sequence: z.number().optional(),
});
const individual = z.object({ enrollment: individualSchema, stamp });
const group = z.object({
  enrollment: groupSchema,
  stamp,
  authorities: z.array(z.string()).min(1).exactOptional(),
});
const caCertificate = z.object({
  name: z.string().min(1),
  certificate: z.string(),
  isVerified: z.boolean(),
  verificationCode: z.string().exactOptional(),
});
const operation = z.object({
  operationId: z.string(),
  beganAtMs: z.number(),
  finishesAtMs: z.number(),
  result: z.looseObject({
    registrationId: z.string(),
    status: z.enum(['unassigned', 'assigning', 'assigned', 'failed', 'disabled']),
  }),
});
const registration = z.object({
  sequence: z.number().optional(),
  createdAt: z.string(),
  enrollmentId: z.string(),
  operations: z.tuple([operation], operation),
  timesAssigned: z.int().min(0),
  certificateThumbprint: z.string().exactOptional(),
  assignment: z
    .object({
      hub: z.string(),
      deviceId: z.string(),
      firstHub: z.string(),
      substatus: z.enum([
        'initialAssignment',
        'deviceDataMigrated',
        'deviceDataReset',
        'reprovisionedToInitialAssignment',
      ]),
    })
    .exactOptional(),
});
const twin = z.object({
  etag: z.string(),
  version: z.int(),
  tags: z.record(z.string(), z.unknown()),
  desired: z.record(z.string(), z.unknown()),
  desiredVersion: z.int(),
  reported: z.record(z.string(), z.unknown()),
  reportedVersion: z.int(),
});
const authentication = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sas'), primaryKey: z.base64(), secondaryKey: z.base64() }),
  z.object({
    type: z.literal('selfSigned'),
    primaryThumbprint: z.string().nullable(),
    secondaryThumbprint: z.string().nullable(),
  }),
  z.object({ type: z.literal('certificateAuthority') }),
  z.object({ type: z.literal('none') }),
]);
const hubCommon = z.object({
  deviceId: z.string().min(1),
  generationId: z.string(),
  etag: z.string(),
  authentication,
  twin,
});
const hubIdentity = z.object({
  hub: z.string().min(1),
  sequence: z.number().optional(),
  identity: hubCommon.extend({
    status: z.enum(['enabled', 'disabled']),
    statusReason: z.string().nullable(),
    statusUpdatedAtMs: z.number().nullable(),
    iotEdge: z.boolean(),
    deviceScope: z.string().nullable(),
    parentScopes: z.array(z.string()),
    modules: z.record(
      z.string(),
      hubCommon.extend({ moduleId: z.string(), managedBy: z.string().nullable() }),
    ),
  }),
});
const policyKey = z.object({ name: z.string().min(1), key: z.base64() });
const base64 = z.string().refine(isBase64, 'not base64');
const issuedKeys = z.object({
  registrationId: z.string(),
  keys: z.array(
    z.object({ key: base64, enrolledKey: base64, storageRootKey: base64, expiresAtMs: z.number() }),
  ),
});

/** What a state file may hold, by the `kind` of its records. A part that keeps more adds a row. */
export const sections: Readonly<Record<string, Section>> = {
  caCertificate: {
    collection: 'ca-certificates',
    read: (record, sequence) => {
      const value: CaCertificateRecord = caCertificate.parse(record);
      readCaCertificate(value);
      return { key: idKey(value.name), value, place: { sequence } };
    },
  },
  enrollmentGroup: {
    collection: 'enrollment-groups',
    read: (record, sequence) => {
      const read = group.parse(record);
      const value: GroupRecord = { ...read, stamp: { ...read.stamp, sequence } };
      groupOfRecord(value);
      return { key: idKey(value.enrollment.enrollmentGroupId), value, place: { sequence } };
    },
  },
  individualEnrollment: {
    collection: 'individual-enrollments',
    read: (record, sequence) => {
      const read = individual.parse(record);
      const value: IndividualRecord = { ...read, stamp: { ...read.stamp, sequence } };
      individualEntry(value.enrollment);
      return { key: idKey(value.enrollment.registrationId), value, place: { sequence } };
    },
  },
  registration: {
    collection: 'registrations',
    read: (record, sequence) => {
      const value = { ...registration.parse(record), sequence } as Registration;
      const [{ result }] = value.operations;
      const place = { sequence, owner: idKey(value.enrollmentId) };
      return { key: idKey(result.registrationId), value, place };
    },
  },
  hubIdentity: {
    collection: 'hub-identities',
    read: (record, sequence) => {
      const value = { ...hubIdentity.parse(record), sequence } as HubIdentityRecord;
      const { hub, identity } = value;
      return { key: identityKey(hub, identity.deviceId), value, place: { sequence, owner: hub } };
    },
  },
  policyKey: {
    collection: 'policy-keys',
    read: (record, sequence) => {
      const value = policyKey.parse(record);
      return { key: value.name, value, place: { sequence } };
    },
  },
  issuedKeys: {
    collection: 'issued-keys',
    read: (record, sequence) => {
      const value: IssuedKeysRecord = issuedKeys.parse(record);
      return { key: idKey(value.registrationId), value, place: { sequence } };
    },
  },
};

function isBase64(text: string): boolean {
  try {
    fromBase64(text);
    return true;
  } catch {
    return false;
  }
}
