import type { EnrollmentKind } from '../../wire/constants.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { idKey } from '../registration-id.ts';
import { idMember } from './enrollment-body.ts';
import { type ChangeParts, deleteEnrollment, putEnrollment } from './enrollment-changes.ts';
import { isObject, type JsonObject } from './json.ts';

/** The service's limit for one bulk operation. */
const BULK_LIMIT = 10;

type Apply = (
  parts: ChangeParts,
  kind: EnrollmentKind,
  item: { readonly id: string; readonly body: JsonObject },
) => Refusal | undefined;

const put =
  (ifMatch: (body: JsonObject) => string | undefined): Apply =>
  (parts, kind, { id, body }) => {
    const changed = putEnrollment(parts, kind, { id, body, ifMatch: ifMatch(body) });
    return 'refusal' in changed ? changed.refusal : undefined;
  };

/** By lower-cased mode: clients differ in how they spell the last one. */
const modes: ReadonlyMap<string, Apply> = new Map([
  ['create', put(() => undefined)],
  ['update', put(() => '*')],
  ['updateifmatchetag', put(({ etag }) => (typeof etag === 'string' ? etag : ''))],
  ['delete', (parts, kind, { id }) => deleteEnrollment(parts, kind, { id, ifMatch: undefined })],
]);

/**
 * Runs a bulk operation: each item for itself, so that one that fails leaves the others as they are.
 *
 * @returns the result body; a refusal when the request as a whole cannot be understood, and then nothing is changed
 */
export function runBulkOperation(
  parts: ChangeParts,
  kind: EnrollmentKind,
  body: unknown,
): { readonly result: unknown } | { readonly refusal: Refusal } {
  const items = isObject(body) ? body[kind === 'individual' ? 'enrollments' : 'enrollmentGroups'] : undefined;
  const mode = isObject(body) && typeof body['mode'] === 'string' ? body['mode'] : '';
  const apply = modes.get(mode.toLowerCase());
  if (apply === undefined) {
    return { refusal: refusals.invalidArgument(`mode ${mode.slice(0, 40) || 'is missing'}`) };
  }
  if (!Array.isArray(items) || items.length === 0 || !items.every(isObject)) {
    return { refusal: refusals.malformedBody('expected a list of enrollments, not empty') };
  }
  if (items.length > BULK_LIMIT) {
    return { refusal: refusals.tooManyEnrollments(`${items.length} items, ${BULK_LIMIT} are allowed`) };
  }
  const named = items.map((item) => ({ id: item[idMember[kind]], body: item }));
  if (!named.every((item): item is { id: string; body: JsonObject } => typeof item.id === 'string')) {
    return { refusal: refusals.malformedBody(`every item needs a ${idMember[kind]}`) };
  }
  if (new Set(named.map(({ id }) => idKey(id))).size < named.length) {
    return { refusal: refusals.definedTwice('two items have the same id') };
  }
  // Each item for itself, and yet one commit: a crash leaves all of them or none.
  const errors = parts.enrollments.atomically(() =>
    named.flatMap((item) => {
      const refusal = apply(parts, kind, item);
      if (refusal === undefined) return [];
      return [{ [idMember[kind]]: item.id, errorCode: refusal.errorCode, errorStatus: refusal.message }];
    }),
  );
  return { result: { isSuccessful: errors.length === 0, errors } };
}
