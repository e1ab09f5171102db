import { parseSasToken } from '../wire/sas-token.ts';
import { type Decision, refused } from './attestation/admission.ts';
import type { Attest, PresentedProof } from './attestation/attest.ts';
import { refusals } from './refusal.ts';

/** A rule of the real service, broken on purpose: what looks for mistakes must find it. */
interface Defect {
  readonly says: string;
  /** @param decision what the honest service came to */
  readonly change: (decision: Decision, proof: PresentedProof) => Decision;
}

/**
 * Mistakes that an emulator of DPS could well have, each of which the daemons of some releases meet and others do not.
 * A switch for testing the tests: nobody else orders one.
 */
export const defects = {
  'encoded-slashes-only': {
    says: 'refuses tokens whose sr has a slash that is not percent-encoded',
    change: (decision, proof) =>
      proof.kind === 'sas' && tokenField(proof.token, 'sr')?.includes('/') === true
        ? refused(refusals.unauthorized('a defect was ordered: the slash in sr is not encoded'))
        : decision,
  },
  'key-name-required': {
    says: 'refuses tokens without skn',
    change: (decision, proof) =>
      proof.kind === 'sas' && tokenField(proof.token, 'skn') === undefined
        ? refused(refusals.unauthorized('a defect was ordered: the token has no skn'))
        : decision,
  },
  'no-intermediates': {
    says: 'admits by an enrolled CA only what that CA signed itself',
    change: (decision, proof) =>
      proof.kind === 'certificate' &&
      decision.kind === 'admitted' &&
      'enrollmentGroupId' in decision.enrollment
        ? refused(refusals.certificateAuthorityNotFound('a defect was ordered: intermediates are not read'))
        : decision,
  },
} as const satisfies Record<string, Defect>;

export type DefectName = keyof typeof defects;
export const defectNames = Object.keys(defects) as readonly DefectName[];

/** The attestation with a defect. */
export function withDefect(attest: Attest, name: DefectName): Attest {
  const { change }: Defect = defects[name];
  return (device, proof, ...rest) => {
    const decision = attest(device, proof, ...rest);
    return decision.kind === 'refused' ? decision : change(decision, proof);
  };
}

function tokenField(token: string, field: 'sr' | 'skn'): string | undefined {
  const value = parseSasToken(token)[field];
  return value === '' ? undefined : value;
}
