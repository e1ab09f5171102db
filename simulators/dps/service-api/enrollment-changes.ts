import type { EnrollmentKind } from '../../wire/constants.ts';
import { etagMatches } from '../../wire/etag.ts';
import { EnrollmentError } from '../enrollment-error.ts';
import type { EnrollmentStore, StoredEnrollment } from '../enrollment-store.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { readEnrollment } from './enrollment-body.ts';

export type Changed = { readonly stored: StoredEnrollment } | { readonly refusal: Refusal };

export const findEnrollment = (
  store: EnrollmentStore,
  kind: EnrollmentKind,
  id: string,
): StoredEnrollment | undefined => (kind === 'individual' ? store.individual(id) : store.group(id));

/** The 404 of a kind. */
export const unknownEnrollment = (kind: EnrollmentKind, id: string): Refusal =>
  (kind === 'individual' ? refusals.enrollmentNotFound : refusals.groupNotFound)(`nothing enrolled as ${id}`);

/**
 * Creates an enrollment, or replaces it where `ifMatch` says which version is meant.
 *
 * @param ifMatch without one it is a creation: an enrollment that exists is a conflict
 */
export function putEnrollment(
  store: EnrollmentStore,
  kind: EnrollmentKind,
  {
    id,
    body,
    ifMatch,
  }: { readonly id: string; readonly body: unknown; readonly ifMatch: string | undefined },
): Changed {
  const before = findEnrollment(store, kind, id);
  const refusal = precondition(kind, id, before, ifMatch);
  if (refusal !== undefined) return { refusal };
  const read = readEnrollment(kind, body, { stored: before?.enrollment, id });
  if ('refusal' in read) return read;
  try {
    store.put([read.enrollment]);
  } catch (error) {
    if (error instanceof EnrollmentError) return { refusal: refusals.invalidArgument(error.message) };
    throw error;
  }
  const stored = findEnrollment(store, kind, id);
  return stored === undefined ? { refusal: unknownEnrollment(kind, id) } : { stored };
}

/** Deletes; without `ifMatch` whatever version there is. */
export function deleteEnrollment(
  store: EnrollmentStore,
  kind: EnrollmentKind,
  { id, ifMatch }: { readonly id: string; readonly ifMatch: string | undefined },
): Refusal | undefined {
  const before = findEnrollment(store, kind, id);
  if (before === undefined) return unknownEnrollment(kind, id);
  if (ifMatch !== undefined && !etagMatches(ifMatch, before.stamp.etag)) return staleEtag(id);
  store.removeOne(kind, id);
  return undefined;
}

export const staleEtag = (id: string): Refusal =>
  refusals.preconditionFailed(`${id} has another etag than If-Match says`);

function precondition(
  kind: EnrollmentKind,
  id: string,
  before: StoredEnrollment | undefined,
  ifMatch: string | undefined,
): Refusal | undefined {
  if (ifMatch === undefined) {
    if (before === undefined) return undefined;
    const conflict = kind === 'individual' ? refusals.enrollmentConflict : refusals.groupConflict;
    return conflict(`${id} exists; an update says If-Match`);
  }
  if (before === undefined) return unknownEnrollment(kind, id);
  return etagMatches(ifMatch, before.stamp.etag) ? undefined : staleEtag(id);
}
