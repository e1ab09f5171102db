import { z } from 'zod';
import { toError, UsageError } from '../kernel/errors.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import type { DeviceInHub } from './dps-control.ts';
import { describeMismatch, groupSchema, individualSchema } from './enrollment-schema.ts';

/**
 * Checks enrollments in the JSON of the service API: one, or a list of them. Members that the emulator does not know are
 * passed over, as a resource read from the real service has many.
 *
 * @throws UsageError naming the enrollment and the member
 */
export function parseEnrollments(value: unknown): readonly Enrollment[] {
  return asList(value).map((value, index) => {
    const isGroup = typeof value === 'object' && value !== null && 'enrollmentGroupId' in value;
    const parsed = (isGroup ? groupSchema : individualSchema).safeParse(value);
    if (parsed.success) return parsed.data;
    throw new UsageError(`enrollment ${index + 1} of the list: ${describeMismatch(parsed.error)}`);
  });
}

/** One or a list of registrationIds and enrollmentGroupIds. @throws UsageError */
export function parseIds(value: unknown): readonly string[] {
  const parsed = z.array(z.string()).safeParse(asList(value));
  if (parsed.success) return parsed.data;
  throw new UsageError(`the list of ids: ${describeMismatch(parsed.error)}`);
}

const caName = z.object({ name: z.string().min(1) });
const caCertificate = caName.extend({ certificate: z.string() });

/** Which CA certificate is meant. @throws UsageError */
export const parseCaName = (value: unknown) => parseWith(caName, value);

/** A CA certificate, or the proof that its owner holds the key, with the name. @throws UsageError */
export const parseCaCertificate = (value: unknown) => parseWith(caCertificate, value);

const deviceName = z.object({ hub: z.string().min(1), deviceId: z.string().min(1).max(128) });
const thumbprint = z.string().regex(/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/i, 'a SHA-1 or SHA-256 thumbprint');
const device = deviceName.extend({
  iotEdge: z.boolean().optional(),
  authentication: z.discriminatedUnion('type', [
    z.object({ type: z.literal('sas'), primaryKey: z.base64(), secondaryKey: z.base64() }),
    z.object({
      type: z.literal('selfSigned'),
      primaryThumbprint: thumbprint.nullable(),
      secondaryThumbprint: thumbprint.nullable(),
    }),
  ]),
});

/** One or a list of devices to make in hubs. @throws UsageError */
export const parseDevices = (value: unknown): readonly DeviceInHub[] =>
  parseWith(z.array(device), asList(value), 'the list of devices');

/** One or a list of devices by hub and deviceId. @throws UsageError */
export const parseDeviceNames = (value: unknown) =>
  parseWith(z.array(deviceName), asList(value), 'the list of devices');

function parseWith<T>(schema: z.ZodType<T>, value: unknown, what = 'the CA certificate'): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${what}: ${describeMismatch(parsed.error)}`);
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
