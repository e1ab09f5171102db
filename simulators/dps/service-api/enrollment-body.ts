import type { z } from 'zod';
import type { EnrollmentKind } from '../../wire/constants.ts';
import type { Enrollment } from '../../wire/enrollment.ts';
import { describeMismatch, groupSchema, individualSchema } from '../enrollment-schema.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { idKey, isAllowedId } from '../registration-id.ts';
import type { DpsRules } from '../rules.ts';
import { completeAttestation } from './complete-attestation.ts';
import { isObject, type JsonObject, withoutNulls } from './json.ts';

export const idMember = { individual: 'registrationId', group: 'enrollmentGroupId' } as const;

/**
 * Reads an enrollment that a client sends. `null` counts as absent, members that the service makes itself are passed over,
 * and keys or certificates that a client left out are filled in from what is stored, or made.
 *
 * @param stored the enrollment that this one replaces
 * @param id of the path, when there is one: that of the body must be the same, without regard to case
 */
export function readEnrollment(
  kind: EnrollmentKind,
  body: unknown,
  {
    stored,
    id,
    rules,
  }: { readonly stored: Enrollment | undefined; readonly id?: string; readonly rules: DpsRules },
): { readonly enrollment: Enrollment } | { readonly refusal: Refusal } {
  if (!isObject(body)) return { refusal: refusals.malformedBody('the enrollment is not an object') };
  const given = withoutNulls(body) as JsonObject;
  const attestation = completeAttestation(given['attestation'], stored?.attestation, rules);
  const schema: z.ZodType<Enrollment> = kind === 'individual' ? individualSchema : groupSchema;
  const parsed = schema.safeParse({ ...given, attestation });
  if (!parsed.success) return { refusal: refusals.malformedBody(describeMismatch(parsed.error)) };
  const bodyId = String(given[idMember[kind]]);
  if (id !== undefined && idKey(bodyId) !== idKey(id)) {
    const reason = `${idMember[kind]} ${bodyId.slice(0, 128)} differs from the path's ${id.slice(0, 128)}`;
    return { refusal: refusals.invalidArgument(reason) };
  }
  if (!isAllowedId(bodyId, rules['registration-id'])) {
    const code = rules['malformed-id'] === '400202' ? 400202 : 400004;
    const reason = `${idMember[kind]} ${bodyId.slice(0, 128)} has characters or a length that DPS refuses`;
    return { refusal: refusals.malformedId(code)(reason) };
  }
  return { enrollment: parsed.data };
}
