import type { HubIdentity } from './hub-identity.ts';
import { HubRegistry } from './hub-registry.ts';
import { TelemetryLog } from './telemetry-log.ts';

/** Told of every change in any hub. */
export type DirectoryWatcher = (hub: string, deviceId: string, identity: HubIdentity | undefined) => void;

/** The hubs that are linked to one DPS, by host name without regard to case, and what they took in. */
export class HubDirectory {
  readonly telemetry = new TelemetryLog();
  readonly #hubs: ReadonlyMap<string, HubRegistry>;

  constructor(hostNames: readonly string[], watch: DirectoryWatcher = () => undefined) {
    this.#hubs = new Map(
      hostNames.map((hostName) => [
        hostName.toLowerCase(),
        new HubRegistry(hostName, (deviceId, identity) => {
          watch(hostName, deviceId, identity);
        }),
      ]),
    );
  }

  get hubs(): readonly HubRegistry[] {
    return [...this.#hubs.values()];
  }

  find(hostName: string): HubRegistry | undefined {
    return this.#hubs.get(hostName.toLowerCase());
  }

  clear(): void {
    for (const hub of this.hubs) hub.clear();
    this.telemetry.clear();
  }
}
