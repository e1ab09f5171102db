/**
 * dps-rig for the tests of others, in vitest, jest or node:test: a Device Provisioning Service that verifies, a TPM and a
 * PKCS#11 token, each in this process or in a container, and ended by `await using`.
 */

export type {
  AttestationMechanism,
  DpsControl,
  Enrollment,
  EnrollmentGroup,
  IndividualEnrollment,
  LoggedRequest,
  PkiBundle,
  RegistrationRecord,
} from '../simulators/index.ts';
export { createTestPki } from '../simulators/index.ts';
export { DpsEmulator } from './dps-emulator.ts';
export { DpsEmulatorContainer } from './dps-emulator-container.ts';
export { SoftHsm } from './soft-hsm.ts';
export { SoftHsmContainer } from './soft-hsm-container.ts';
export { SoftwareTpm } from './software-tpm.ts';
export { SoftwareTpmContainer } from './software-tpm-container.ts';
export type { Endpoint, Endpoints, StartedDpsEmulator } from './started-dps-emulator.ts';
export type { StartedSoftHsm } from './started-soft-hsm.ts';
export type { StartedSoftwareTpm } from './started-software-tpm.ts';
