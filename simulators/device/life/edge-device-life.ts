import { startDeadline } from '../../kernel/deadline.ts';
import { InvariantError } from '../../kernel/errors.ts';
import { createLimiter } from '../../kernel/limiter.ts';
import type { KeyUse } from '../../security/key-use.ts';
import { AttemptRecorder } from '../attempt-recorder.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import { newestVersionOf, releaseOf } from '../platforms/table.ts';
import { AziotDaemon } from './aziot.ts';
import { deviceInfoFormat, provisioningBackupFormat } from './backup-formats.ts';
import type { Daemon, DaemonParts } from './daemon.ts';
import { aziotLayout, iotedgedLayout, type ProvisionedDevice } from './daemon-layout.ts';
import { DaemonState, type IdentityFiles } from './daemon-state.ts';
import { IotedgedDaemon } from './iotedged.ts';
import type { AutoReprovisioning, DaemonLogLine, LifeOutcome, RuntimeError } from './life-outcome.ts';

/** What an edge device is, and where it keeps what it knows. */
export interface EdgeLifeOptions {
  /** Platform and version are those of its spec. */
  readonly setup: ClientSetup;
  /** Of this device alone; its files survive this object, as a disk survives a restart. */
  readonly directory: string;
  /** Manual provisioning: DPS is never asked. */
  readonly manual?: ProvisionedDevice | undefined;
  /** Default `Dynamic`. 1.1 asks DPS at every start whatever is said here. */
  readonly autoReprovisioning?: AutoReprovisioning | undefined;
  /** Bounds one step, waiting included. */
  readonly stepTimeoutMs: number;
  /** Takes the times of all that it does. */
  readonly recorder?: AttemptRecorder | undefined;
  /** Of a key that is in a token. */
  readonly onKeyUse?: ((use: KeyUse) => void) | undefined;
  readonly onLog?: ((line: DaemonLogLine) => void) | undefined;
}

/**
 * An edge device while it has power. Everything that it knows is in its files and its security hardware, so that a new
 * object over the same directory is the device after a restart.
 *
 * Whatever a peer does is an outcome; promises reject for errors that must end the run. Steps take turns.
 */
export class EdgeDeviceLife implements AsyncDisposable {
  readonly #options: EdgeLifeOptions;
  readonly #version: EdgeVersion;
  readonly #parts: DaemonParts;
  readonly #daemon: Daemon;
  readonly #turns = createLimiter(1);
  readonly #power = new AbortController();

  constructor(options: EdgeLifeOptions) {
    const { setup, directory } = options;
    const { platform, version = newestVersionOf(platform) } = setup.spec;
    const release = releaseOf(platform, version);
    if (release === undefined) throw new InvariantError(`there is no IoT Edge ${version} for ${platform}`);
    const profile = edgeProfiles[version];
    const isAziot = profile.backup === 'skips-dps';
    const state = isAziot
      ? new DaemonState(aziotLayout(directory), deviceInfoFormat)
      : new DaemonState(iotedgedLayout(directory, platform), provisioningBackupFormat);
    this.#options = options;
    this.#version = version;
    this.#parts = {
      ...{ setup, profile, release, state, manual: options.manual },
      autoReprovisioning: options.autoReprovisioning ?? 'Dynamic',
      recorder: options.recorder ?? new AttemptRecorder(setup.clock, false),
      onKeyUse: options.onKeyUse ?? (() => undefined),
      log: options.onLog ?? (() => undefined),
    };
    this.#daemon = isAziot ? new AziotDaemon(this.#parts) : new IotedgedDaemon(this.#parts);
  }

  /** Boots: from keys to an identity, to the hub, to a runtime that has reported its platform. */
  start(signal: AbortSignal): Promise<LifeOutcome> {
    return this.#step((bounded) => this.#daemon.start(bounded), signal);
  }

  /** `iotedge system reprovision`: forgets the device and asks DPS again. 1.1 is restarted for it. */
  reprovision(signal: AbortSignal): Promise<LifeOutcome> {
    return this.#step((bounded) => this.#daemon.reprovision(bounded), signal);
  }

  /** The edge runtime was refused by the hub and says so; what comes of it depends on version and configuration. */
  async reportError(error: RuntimeError, signal: AbortSignal): Promise<LifeOutcome> {
    const { profile, autoReprovisioning: mode } = this.#parts;
    if (profile.reprovisionsOnError === 'always' || mode === 'Dynamic') return this.reprovision(signal);
    const reason = `${this.#version} with ${mode} does not reprovision because of ${error}`;
    return { kind: 'ignored', reason };
  }

  /** Renews the identity certificate: DPS sees the new one first, and only when it agrees is the old one replaced. */
  async renewIdentity(issued: IdentityFiles, signal: AbortSignal): Promise<LifeOutcome> {
    if (!this.#parts.profile.renewsIdentity) {
      return { kind: 'ignored', reason: `${this.#version} does not renew identity certificates` };
    }
    return this.#step((bounded) => this.#daemon.renewIdentity(issued, bounded), signal);
  }

  /** Pulls the plug: a step that is under way ends as aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#power.abort();
    await this.#turns.run(() => Promise.resolve());
  }

  #step(work: (signal: AbortSignal) => Promise<LifeOutcome>, signal: AbortSignal): Promise<LifeOutcome> {
    const powered = AbortSignal.any([signal, this.#power.signal]);
    return this.#turns.run(async () => {
      using deadline = startDeadline(this.#options.stepTimeoutMs, powered, 'a step of the device');
      return await work(deadline.signal);
    }, powered);
  }
}
