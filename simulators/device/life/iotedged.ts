import { askDps, currentCredentials, type Daemon, type DaemonParts, runRuntime, type Say } from './daemon.ts';
import type { LifeOutcome, Running, Unprovisioned } from './life-outcome.ts';

/**
 * The daemon of 1.1: it asks DPS at every start, and falls back to the identity of the last run when DPS gives none.
 *
 * @see reference of IoT Edge devices, chapter 2.8
 */
export class IotedgedDaemon implements Daemon {
  readonly #parts: DaemonParts;
  readonly #say: Say;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#say = (level, text) => parts.log({ daemon: 'iotedged', level, text });
  }

  async start(signal: AbortSignal): Promise<LifeOutcome> {
    this.#say('info', 'Provisioning edge device...');
    const provisioned = await this.#provision(signal);
    if (provisioned.kind === 'unprovisioned') return provisioned;
    this.#say('info', 'Finished provisioning edge device.');
    const { state, setup } = this.#parts;
    await state.saveBackup(provisioned.device, setup);
    return runRuntime(this.#parts, provisioned, this.#say, signal);
  }

  /** There is no command for it: who wants it restarts the daemon. */
  reprovision(signal: AbortSignal): Promise<LifeOutcome> {
    return this.start(signal);
  }

  renewIdentity(): Promise<LifeOutcome> {
    return Promise.resolve({ kind: 'ignored', reason: '1.1 does not renew identity certificates' });
  }

  async #provision(signal: AbortSignal): Promise<Running | Unprovisioned> {
    const { manual, state } = this.#parts;
    if (manual !== undefined) return { kind: 'running', device: manual, by: 'manual', connection: 'hub' };
    // What the client says of its steps is the identity service's; iotedged is silent but for errors.
    const say: Say = (level, text) => (level === 'info' ? undefined : this.#say(level, text));
    const asked = await askDps(this.#parts, await currentCredentials(this.#parts), say, signal);
    if (asked.kind === 'assigned') {
      this.#noteSubstatus(asked.result.kind === 'assigned' ? asked.result.substatus : undefined);
      return { kind: 'running', device: asked.device, by: 'dps', connection: 'hub' };
    }
    const backup = await state.backup();
    if (backup.kind !== 'valid' || signal.aborted) return asked;
    this.#say('info', 'Using the provisioning information of the last run.');
    return { kind: 'running', device: backup.device, by: 'backup', connection: 'hub' };
  }

  /** DPS tells whether the keys at the hub are others than before: then the containers are made anew. */
  #noteSubstatus(substatus: string | undefined): void {
    if (substatus === undefined) return;
    const status = substatus.charAt(0).toUpperCase() + substatus.slice(1);
    this.#say('info', `Reprovisioning status ${status} will trigger reconfiguration of modules.`);
  }
}
