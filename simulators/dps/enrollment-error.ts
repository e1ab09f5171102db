import { RigError } from '../kernel/errors.ts';

/** An enrollment that cannot be stored: names the enrollment and the member that is wrong. */
export class EnrollmentError extends RigError {
  readonly family = 'run';
  readonly enrollmentId: string;
  /** Dotted path, e.g. `attestation.symmetricKey.primaryKey`. */
  readonly key: string;

  constructor(enrollmentId: string, key: string, message: string, cause?: unknown) {
    super('ENROLLMENT_INVALID', `enrollment ${enrollmentId}: ${key}: ${message}`, { cause });
    this.enrollmentId = enrollmentId;
    this.key = key;
  }

  override details(): Record<string, unknown> {
    return { enrollmentId: this.enrollmentId, key: this.key };
  }
}
