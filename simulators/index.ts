/**
 * The public face of the simulators: what the harness, the CLI and programs of others build on.
 */

// device
export * from './device/device-spec.ts';
export * from './device/device-trace.ts';
export type { DpsControl, LoggedRequest, RegistrationRecord } from './dps/dps-control.ts';
export {
  DEFAULT_ID_SCOPE,
  type DpsOptions,
  type RunningDps,
  type ServerTls,
  startDps,
} from './dps/emulator.ts';
// dps
export { connectDpsControl } from './dps/management-client.ts';
// pkcs11
export { type CryptokiModuleInfo, findSoftHsmModule, probeCryptokiModule } from './pkcs11/probe.ts';
