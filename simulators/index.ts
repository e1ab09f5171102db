/**
 * The public face of the simulators: what the harness, the CLI and programs of others build on.
 */

// containers
export { openContainerToken } from './containers/container-token.ts';
export { openContainerTpm } from './containers/container-tpm.ts';
export { startEmulatorContainer } from './containers/emulator-container.ts';
export { softHsmContainers } from './containers/softhsm-container.ts';
export { type SwtpmContainers, startSwtpmContainers } from './containers/swtpm-containers.ts';
// device
export type {
  CheckContext,
  CheckedEndpoints,
  CheckResult,
  CheckSubject,
} from './device/check/check.ts';
export { type CheckReport, runChecks } from './device/check/run-checks.ts';
export { subjectOfConfig } from './device/check/subject-of-config.ts';
export { checksOf } from './device/check/table.ts';
export { type OpenedDevice, openConfiguredDevice } from './device/config/configured-device.ts';
export { describeBehaviour } from './device/config/describe-behaviour.ts';
export { describeConfig, keyText } from './device/config/describe-config.ts';
export { type DeviceFiles, inspectFiles, openDeviceFiles } from './device/config/device-files.ts';
export type { ConfigNotice, EdgeConfig } from './device/config/edge-config.ts';
export { readEdgeConfig } from './device/config/read-edge-config.ts';
export {
  createFleetAuthority,
  type FleetAuthority,
  groupEnrollments,
} from './device/credentials/fleet-authority.ts';
export { issueCredentials } from './device/credentials/issue-credentials.ts';
export { manualDevice } from './device/credentials/manual-device.ts';
export type { IssuedKey } from './device/credentials/token.ts';
export { createDevice, type Device, type DeviceContext, manualHub } from './device/device.ts';
export * from './device/device-spec.ts';
export * from './device/device-trace.ts';
export type * from './device/evidence/device-evidence.ts';
export { assignmentsInLife } from './device/life/life-steps.ts';
export type { EdgeSettings } from './device/platforms/edge-settings.ts';
export {
  newestVersionOf,
  releaseOf,
  versionsOf,
} from './device/platforms/table.ts';
export type { WatchedDevice } from './device/watch-device.ts';
// dps
export { behaviourProfiles, type ProfileName } from './dps/behaviour.ts';
export type {
  CaCertificateSummary,
  DeviceInHub,
  DeviceSummary,
  DpsControl,
  DpsInfo,
  EnrollmentSummary,
  LoggedRequest,
  RegistrationRecord,
} from './dps/dps-control.ts';
export {
  DEFAULT_ID_SCOPE,
  type DpsOptions,
  type PolicyRequest,
  type RunningDps,
  startDps,
} from './dps/emulator.ts';
export { EnrollmentError } from './dps/enrollment-error.ts';
export type * from './dps/enrollment-evidence.ts';
export { type Latency, latencyNames } from './dps/latency.ts';
export { parseEnrollments } from './dps/management-bodies.ts';
export { connectDpsControl } from './dps/management-client.ts';
export { type QuotaLimits, quotaProfiles } from './dps/quotas.ts';
export { REQUESTS_KEPT } from './dps/request-log.ts';
export { changedRules, type DpsRules } from './dps/rules.ts';
export { issueServerTls, type ServerTls, serverNamesFor } from './dps/server-tls.ts';
export { type ServiceRight, serviceRights } from './dps/service-api/service-policy.ts';
export { parseServiceFaultText, type ServiceFault } from './dps/service-fault.ts';
export { exportDataDirectory, importDataDirectory } from './dps/state/state-files.ts';
// hub
export type { TelemetryMessage } from './hub/telemetry-log.ts';
// kernel
export type { WireRecord } from './kernel/wire-log.ts';
// pkcs11
export type { KeyCustody } from './pkcs11/custody.ts';
export { withLatency as withTokenLatency } from './pkcs11/decorators/latency.ts';
export {
  describeKeys,
  describeTokens,
  type KeyDescription,
  type TokenDescription,
} from './pkcs11/describe-tokens.ts';
export { ensureTokens, type TokenCounts } from './pkcs11/ensure-tokens.ts';
export { type CryptokiModuleInfo, findSoftHsmModule, probeCryptokiModule } from './pkcs11/probe.ts';
export { deviceKeyName, type TokenContent } from './pkcs11/provision-token.ts';
export { type CachedToken, defaultTokenCacheDirectory, openTokenCache } from './pkcs11/token-cache.ts';
export type { TokenCondition } from './pkcs11/token-condition.ts';
export { createTokenHost, type TokenHost, withDecorator } from './pkcs11/token-host.ts';
export { storeCertificate } from './pkcs11/token-objects.ts';
export { openTokenStore, type StoredToken, type TokenStore } from './pkcs11/token-store.ts';
// pki
export { externalKeyOf } from './pki/external-key.ts';
export type { KeyAlgorithm } from './pki/key-pair.ts';
export { createTestPki, openTestPki, type PkiBundle, type TestPki } from './pki/test-pki.ts';
// processes
export { openScratchDirectory } from './processes/scratch-directory.ts';
// security
export type { KeyUse } from './security/key-use.ts';
export { openTokenX509 } from './security/token-x509.ts';
// server
export { isLoopback } from './server/loopback.ts';
export type { SeenRequest } from './server/observe-requests.ts';
// service-client
export {
  createDpsServiceClient,
  type DpsServiceClient,
  MOST_ENROLLMENTS_AT_ONCE,
} from './service-client/dps-service-client.ts';
// tls-key
export { probeTlsKeys } from './tls-key/index.ts';
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
export type { TpmCondition } from './tpm/tpm-condition.ts';
export {
  openTpmHost,
  type SwtpmSlot,
  type TpmHost,
  type TpmMode,
} from './tpm/tpm-host.ts';
export type { ManufacturedTpm, TpmTransport } from './tpm/transport.ts';
export { openTctiTransport, probeTpm2Tss } from './tpm/transports/tcti.ts';
// transport
export { probeService, type ServiceProbe } from './transport/probe-service.ts';
export type { DpsEndpoint } from './transport/provisioning-transport.ts';
export { DEFAULT_API_VERSION, GLOBAL_DEVICE_ENDPOINT } from './wire/constants.ts';
// wire
export type {
  AttestationMechanism,
  Enrollment,
  EnrollmentGroup,
  IndividualEnrollment,
} from './wire/enrollment.ts';
