/** A request that the service refuses, as a value; a front end maps it to its own protocol. */
export interface Refusal {
  /** HTTP status; other protocols carry the same number. */
  readonly status: number;
  /** status x 1000 + sub-code. */
  readonly errorCode: number;
  /** What the client is told. */
  readonly message: string;
  /** What the operator of the emulator is told in the request log: the true cause. */
  readonly reason: string;
  /** When to come again; sent along by every protocol. */
  readonly retryAfterSeconds?: number;
}

const refusal =
  (status: number, errorCode: number, message: string) =>
  (reason: string): Refusal => ({ status, errorCode, message, reason });

/**
 * Every refusal of both APIs. Numbers without a public sighting (the sub-codes of 400, 404000, 405, 412, 413, 415) follow
 * the service's pattern and are marked as unknown in docs/fidelity.md.
 */
export const refusals = {
  unknownApiVersion: refusal(400, 400001, 'Invalid API version'),
  /** A registrationId with characters that are not allowed. */
  malformedId: (code: 400004 | 400202) => refusal(400, code, 'Invalid RegistrationId'),
  /** A value that is not allowed, e.g. a registrationId that differs from the path's. */
  invalidArgument: refusal(400, 400004, 'Invalid argument'),
  /** Malformed JSON, or a body that is not a DeviceRegistration. */
  malformedBody: refusal(400, 400006, 'Bad message format'),
  tooManyEnrollments: refusal(400, 400205, 'Too many enrollments'),
  definedTwice: refusal(400, 400206, 'Registration id defined multiple times'),
  /** Bad or expired SAS token. */
  unauthorized: refusal(401, 401000, 'Unauthorized'),
  /** No enrollment for this proof, wrong scope, EK mismatch, or no proof at all. */
  notAuthorizedHere: refusal(401, 401002, 'Unauthorized'),
  /** A certificate that does not fit the registrationId, is expired, or is not the enrolled one. */
  invalidCertificate: refusal(401, 401002, 'Invalid certificate.'),
  /** The chain does not reach an enrolled CA. */
  certificateAuthorityNotFound: refusal(401, 401002, 'CA certificate not found'),
  /** A policy of the service API without the right for this; some say 401 and some 403. */
  missingRight: (status: 401 | 403) =>
    status === 401 ? refusal(401, 401002, 'Unauthorized') : refusal(403, 403000, 'Forbidden'),
  /** Some say 401 and some 404. */
  unknownScope: refusal(404, 404000, 'Not found'),
  pathNotFound: refusal(404, 404000, 'Not found'),
  enrollmentNotFound: refusal(404, 404201, 'Enrollment not found'),
  operationNotFound: refusal(404, 404202, 'Operation not found'),
  asyncOperationNotFound: refusal(404, 404203, 'Operation not found'),
  registrationNotFound: refusal(404, 404202, 'Registration not found'),
  groupNotFound: refusal(404, 404204, 'Enrollment group not found'),
  methodNotAllowed: refusal(405, 405000, 'Method not allowed'),
  enrollmentConflict: refusal(409, 409201, 'Enrollment already exists'),
  groupConflict: refusal(409, 409202, 'Enrollment group already exists'),
  registrationConflict: refusal(409, 409203, 'Precondition failed.'),
  preconditionFailed: refusal(412, 412001, 'Precondition failed.'),
  bodyTooLarge: refusal(413, 413000, 'Request body too large'),
  unsupportedMediaType: refusal(415, 415000, 'Unsupported media type'),
  /** A quota is used up. */
  throttled: refusal(429, 429001, 'Too many requests'),
  internal: refusal(500, 500001, 'Server error'),
  /** Ordered by a profile; the service is said to answer so when it is busy. */
  unavailable: refusal(503, 503001, 'Service unavailable'),
} as const;
