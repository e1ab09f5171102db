import type { DeviceFault } from './device-fault.ts';

/**
 * The device presents the enrolled EK of another TPM. The service challenges that TPM, and this one cannot answer:
 * the seed does not decrypt under its EK. That is TPM_RC_FAILURE with swtpm, which answers on afterwards; a TPM of
 * another make may say TPM_RC_VALUE.
 *
 * @see TPM 2.0 Part 3 §12.5 TPM2_ActivateCredential
 */
export const foreignChallenge = {
  description: 'presents the EK of another TPM, and is challenged for that one',
  enrollments: ['individual'],
  clients: 'native',
  expected: { tpm: { kind: 'tpm', responseName: 'TPM_RC_FAILURE' } },
  issue: (plan) => ({
    ...plan,
    enrollment: { ...plan.enrollment, endorsementKey: 'foreign' },
    presentedEndorsementKey: 'foreign',
  }),
} as const satisfies DeviceFault;
