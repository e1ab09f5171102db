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
export type {
  DpsControl,
  DpsInfo,
  EnrollmentSummary,
  LoggedRequest,
  RegistrationRecord,
} from './dps/dps-control.ts';
export { DEFAULT_ID_SCOPE, type DpsOptions, type RunningDps, startDps } from './dps/emulator.ts';
export { EnrollmentError } from './dps/enrollment-error.ts';
export { parseEnrollments } from './dps/management-bodies.ts';
export { connectDpsControl } from './dps/management-client.ts';
export { type QuotaLimits, quotaProfiles } from './dps/quotas.ts';
export { emulatorServerNames, issueServerTls, type ServerTls } from './dps/server-tls.ts';
export { exportDataDirectory, importDataDirectory } from './dps/state/state-files.ts';
// pkcs11
export { type CryptokiModuleInfo, findSoftHsmModule, probeCryptokiModule } from './pkcs11/probe.ts';
// pki
export { createTestPki, openTestPki, type PkiBundle, type TestPki } from './pki/test-pki.ts';
// processes
export { openScratchDirectory } from './processes/scratch-directory.ts';
// server
export { isLoopback } from './server/loopback.ts';
// tpm
export {
  type BridgeEndpoint,
  type PublishedEndpoint,
  publishTpm,
} from './tpm/bridge/publish-tpm.ts';
export { type ChipName, chipNames } from './tpm/decorators/chips.ts';
export { withLatency } from './tpm/decorators/latency.ts';
export { describeTpm, type PersistentKey, type TpmDescription } from './tpm/describe-tpm.ts';
export { ensureTpms } from './tpm/manufacture.ts';
export { openSimulatedTpm, type SimulatedTpmSource } from './tpm/open-simulated-tpm.ts';
export { registrationIdFromEk } from './tpm/templates.ts';
export { defaultTpmCacheDirectory, openTpmCache } from './tpm/tpm-cache.ts';
export { openTpmHost, type TpmHost, type TpmMode } from './tpm/tpm-host.ts';
export type { ManufacturedTpm, TpmTransport } from './tpm/transport.ts';
export { openTctiTransport, probeTpm2Tss } from './tpm/transports/tcti.ts';
// transport
export type { DpsEndpoint } from './transport/provisioning-transport.ts';
export { DEFAULT_API_VERSION } from './wire/constants.ts';
// wire
export type { Enrollment, EnrollmentGroup, IndividualEnrollment } from './wire/enrollment.ts';
