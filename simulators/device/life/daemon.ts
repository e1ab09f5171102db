import { TransportError } from '../../kernel/errors.ts';
import type { KeyUse } from '../../security/key-use.ts';
import type { HubModules } from '../../transport/hub-modules.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import type { DeviceCredentials } from '../device-spec.ts';
import type { DeviceResult } from '../device-trace.ts';
import { openSecurityModule } from '../open-security-module.ts';
import type { EdgeProfile } from '../platforms/edge-profile.ts';
import type { PlatformRelease } from '../platforms/table.ts';
import { resultOfError } from '../result-of-error.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';
import type { DaemonState, IdentityFiles } from './daemon-state.ts';
import { startEdgeRuntime } from './edge-runtime.ts';
import type {
  AutoReprovisioning,
  DaemonLogLine,
  LifeOutcome,
  Running,
  Unprovisioned,
} from './life-outcome.ts';
import { openHubModules } from './open-hub-modules.ts';
import { registerWithDps } from './register-with-dps.ts';

/** One generation of the daemon; each step is bounded by its signal, and what peers do is its outcome. */
export interface Daemon {
  start(signal: AbortSignal): Promise<LifeOutcome>;
  reprovision(signal: AbortSignal): Promise<LifeOutcome>;
  renewIdentity(issued: IdentityFiles, signal: AbortSignal): Promise<LifeOutcome>;
}

/** What a daemon is made from. */
export interface DaemonParts {
  readonly setup: ClientSetup;
  readonly profile: EdgeProfile;
  readonly release: PlatformRelease;
  readonly state: DaemonState;
  /** Manual provisioning: DPS is never asked. */
  readonly manual: ProvisionedDevice | undefined;
  readonly autoReprovisioning: AutoReprovisioning;
  readonly recorder: AttemptRecorder;
  /** Of a key that is in a token. */
  readonly onKeyUse: (use: KeyUse) => void;
  readonly log: (line: DaemonLogLine) => void;
}

/** How one daemon writes its log. */
export type Say = (level: DaemonLogLine['level'], text: string) => void;

export type Asked =
  | { readonly kind: 'assigned'; readonly device: ProvisionedDevice; readonly result: DeviceResult }
  | Unprovisioned;

/** Asks DPS with these credentials, and logs what came of it. */
export async function askDps(
  { setup, recorder, onKeyUse }: DaemonParts,
  credentials: DeviceCredentials,
  say: Say,
  signal: AbortSignal,
): Promise<Asked> {
  try {
    const watch = { recorder, onKeyUse, say: (text: string) => say('info', text) };
    const result = await registerWithDps({ ...setup, credentials }, watch, signal);
    if (result.kind === 'ended') say('error', result.message);
    if (result.kind !== 'assigned') return { kind: 'unprovisioned', result };
    return { kind: 'assigned', device: { hub: result.assignedHub, deviceId: result.deviceId }, result };
  } catch (thrown) {
    return refused(thrown, say, signal);
  }
}

/** The certificate that was renewed, or what the device was made with. */
export async function currentCredentials({ state, setup }: DaemonParts): Promise<DeviceCredentials> {
  const renewed = await state.identity();
  return renewed === undefined ? setup.credentials : { kind: 'x509', ...renewed };
}

/** Speaks to the hub about the device's modules, with what the device holds now. */
export async function withHubModules<T>(
  parts: DaemonParts,
  device: ProvisionedDevice,
  work: (modules: HubModules) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { setup, profile, recorder, onKeyUse } = parts;
  await using security = await openSecurityModule(await currentCredentials(parts), setup, signal);
  try {
    await using modules = openHubModules(setup, security, profile, device);
    return await recorder.time('hub-connect', 'hub.modules', () => work(modules));
  } finally {
    const use = security.attestation === 'tpm' ? undefined : security.evidence?.keyUse();
    if (use !== undefined) onKeyUse(use);
  }
}

/** The edge runtime, where the hub can be reached; without it the containers of the last run go on. */
export async function runRuntime(
  parts: DaemonParts,
  running: Running,
  say: Say,
  signal: AbortSignal,
): Promise<Running | Unprovisioned> {
  if (running.connection === 'offline') return running;
  const { setup, release, state } = parts;
  const { device } = running;
  try {
    const masterKey = await state.masterKey();
    const onModule: Parameters<typeof startEdgeRuntime>[0]['onModule'] = (module) =>
      state.saveModule(device, module);
    await withHubModules(
      parts,
      device,
      (modules) => startEdgeRuntime({ setup, modules, device, masterKey, release, onModule }, signal),
      signal,
    );
    return running;
  } catch (thrown) {
    const result = refused(thrown, say, signal);
    return isNetworkError(thrown, signal) ? { ...running, connection: 'offline' } : result;
  }
}

/** What was thrown as an outcome, with its line in the log. @throws it when the run must end with it */
export function refused(thrown: unknown, say: Say, signal: AbortSignal): Unprovisioned {
  const result = resultOfError(thrown, signal);
  if (result.kind === 'error') say('error', result.error.message);
  return { kind: 'unprovisioned', result };
}

/** The way to a peer failed, as against a peer that refused, or a device that was switched off. */
export const isNetworkError = (thrown: unknown, signal: AbortSignal): boolean =>
  thrown instanceof TransportError && !signal.aborted;
