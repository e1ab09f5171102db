/**
 * The public face of the simulators: what the harness, the CLI and programs of others build on.
 */

// device
export {
  createFleetAuthority,
  type FleetAuthority,
  groupEnrollments,
} from './device/credentials/fleet-authority.ts';
export { issueCredentials } from './device/credentials/issue-credentials.ts';
export { createDevice, type Device, type DeviceContext } from './device/device.ts';
export * from './device/device-spec.ts';
export * from './device/device-trace.ts';
// dps
export type { DpsControl, LoggedRequest, RegistrationRecord } from './dps/dps-control.ts';
export {
  DEFAULT_ID_SCOPE,
  type DpsOptions,
  type RunningDps,
  type ServerTls,
  startDps,
} from './dps/emulator.ts';
export { connectDpsControl } from './dps/management-client.ts';
// pkcs11
export { type CryptokiModuleInfo, findSoftHsmModule, probeCryptokiModule } from './pkcs11/probe.ts';
// tpm
export { ensureTpms } from './tpm/manufacture.ts';
export { probeTpm2Tss } from './tpm/probe-tss.ts';
export { openTpmHost, type TpmHost, type TpmMode } from './tpm/tpm-host.ts';
export type { ManufacturedTpm } from './tpm/transport.ts';
// transport
export type { DpsEndpoint } from './transport/provisioning-transport.ts';
// wire
export type { Enrollment, EnrollmentGroup, IndividualEnrollment } from './wire/enrollment.ts';
