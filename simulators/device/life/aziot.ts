import {
  type Asked,
  askDps,
  currentCredentials,
  type Daemon,
  type DaemonParts,
  isNetworkError,
  refused,
  runRuntime,
  type Say,
  withHubModules,
} from './daemon.ts';
import type { IdentityFiles } from './daemon-state.ts';
import type { LifeOutcome, Running, Unprovisioned } from './life-outcome.ts';

type Provisioned = Pick<Running, 'device' | 'by'> & { readonly kind: 'provisioned' };
/** Why the device is provisioned, as the identity service logs it. */
type Reason = 'Startup' | 'Api';

/**
 * The identity service and the edge daemon of 1.2 and later: a saved identity makes a start skip DPS, and the hub is asked
 * whether it still holds.
 *
 * @see reference of IoT Edge devices, chapter 2.6
 */
export class AziotDaemon implements Daemon {
  readonly #parts: DaemonParts;
  readonly #identityd: Say;
  readonly #edged: Say;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#identityd = (level, text) => parts.log({ daemon: 'aziot-identityd', level, text });
    this.#edged = (level, text) => parts.log({ daemon: 'aziot-edged', level, text });
  }

  async start(signal: AbortSignal): Promise<LifeOutcome> {
    this.#identityd('info', 'Provisioning starting. Reason: Startup');
    const provisioned = await this.#provision({ skipsDps: true }, signal);
    if (provisioned.kind === 'unprovisioned') {
      const text = 'Failed to provision with IoT Hub, and no valid device backup was found: DPS client error';
      this.#identityd('error', text);
      return provisioned;
    }
    this.#identityd('info', 'Provisioning complete.');
    const first = await this.#reconcile(provisioned, 'Startup', signal);
    const isRejected = first.kind === 'unprovisioned' && first.result.kind !== 'aborted';
    if (isRejected) {
      const text = 'Could not reconcile Identities with current device data. Reprovisioning.';
      this.#identityd('error', text);
    }
    const isAsked = first.kind === 'running' && this.#parts.autoReprovisioning === 'AlwaysOnStartup';
    return this.#runtime(isRejected || isAsked ? await this.#again(signal) : first, signal);
  }

  async reprovision(signal: AbortSignal): Promise<LifeOutcome> {
    this.#edged('info', 'Requesting device reprovision');
    const outcome = await this.#again(signal);
    if (outcome.kind === 'unprovisioned') this.#edged('warn', 'Failed to reprovision: DPS client error');
    return this.#runtime(outcome, signal);
  }

  async renewIdentity(issued: IdentityFiles, signal: AbortSignal): Promise<LifeOutcome> {
    const { state } = this.#parts;
    const asked = await state.replaceIdentity(
      issued,
      () => askDps(this.#parts, { kind: 'x509', ...issued }, this.#identityd, signal),
      (answer: Asked) => answer.kind === 'assigned',
    );
    if (asked.kind === 'unprovisioned') return { kind: 'kept', result: asked.result };
    const provisioned = { kind: 'provisioned', device: asked.device, by: 'dps' } as const;
    return this.#runtime(await this.#reconcile(provisioned, 'Api', signal), signal);
  }

  /** Forgets what it was, and registers again. */
  async #again(signal: AbortSignal): Promise<Running | Unprovisioned> {
    this.#identityd('info', 'Provisioning starting. Reason: Api');
    const { state } = this.#parts;
    const backup = await state.backup();
    await state.clear(backup.kind === 'valid' ? backup.device : undefined);
    const provisioned = await this.#provision({ skipsDps: false }, signal);
    if (provisioned.kind === 'unprovisioned') return provisioned;
    this.#identityd('info', 'Provisioning complete.');
    return this.#reconcile(provisioned, 'Api', signal);
  }

  async #provision(
    { skipsDps }: { readonly skipsDps: boolean },
    signal: AbortSignal,
  ): Promise<Provisioned | Unprovisioned> {
    const { manual, state } = this.#parts;
    if (manual !== undefined) {
      this.#identityd('info', `Updated device info for ${manual.deviceId}.`);
      return { kind: 'provisioned', device: manual, by: 'manual' };
    }
    const backup = await state.backup();
    if (backup.kind === 'damaged') {
      this.#identityd('warn', `Ignoring invalid device info backup: ${backup.reason}`);
      await state.clear(undefined);
    }
    if (skipsDps && backup.kind === 'valid') {
      this.#identityd('info', `Provisioned with backup for ${backup.device.deviceId}.`);
      this.#identityd('info', 'Successfully provisioned with DPS.');
      return { kind: 'provisioned', device: backup.device, by: 'backup' };
    }
    const asked = await askDps(this.#parts, await currentCredentials(this.#parts), this.#identityd, signal);
    if (asked.kind === 'unprovisioned') return asked;
    this.#identityd('info', 'Successfully provisioned with DPS.');
    return { kind: 'provisioned', device: asked.device, by: 'dps' };
  }

  /** An identity that the hub knows becomes the backup; a hub that cannot be reached leaves the last one in force. */
  async #reconcile(
    { device, by }: Provisioned,
    reason: Reason,
    signal: AbortSignal,
  ): Promise<Running | Unprovisioned> {
    this.#identityd('info', `Identity reconciliation started. Reason: ${reason}`);
    const { state, setup } = this.#parts;
    await state.keepModulesOf(device);
    try {
      const list = await withHubModules(this.#parts, device, (modules) => modules.list(signal), signal);
      for (const module of list) await state.saveModule(device, module);
    } catch (thrown) {
      if (!isNetworkError(thrown, signal) || by === 'dps') return refused(thrown, this.#identityd, signal);
      const text = 'Network not available for Identity reconciliation. Using offline backup from last run.';
      this.#identityd('warn', text);
      return { kind: 'running', device, by, connection: 'offline' };
    }
    await state.saveBackup(device, setup);
    this.#identityd('info', 'Identity reconciliation complete.');
    return { kind: 'running', device, by, connection: 'hub' };
  }

  async #runtime(outcome: Running | Unprovisioned, signal: AbortSignal): Promise<Running | Unprovisioned> {
    if (outcome.kind === 'unprovisioned') return outcome;
    this.#edged('info', 'Obtaining Edge device provisioning data...');
    this.#edged('info', 'Finished provisioning Edge device.');
    if (await this.#parts.state.isForAnotherDevice(outcome.device)) {
      this.#edged('info', 'The device is another than before: its modules are removed.');
    }
    return runRuntime(this.#parts, outcome, this.#edged, signal);
  }
}
