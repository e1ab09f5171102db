import type { RecordStorage } from '../storage/collection.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import { type HubIdentities, HubRegistry } from './hub-registry.ts';
import { TelemetryLog } from './telemetry-log.ts';

/** The hubs that are linked to one DPS, by host name without regard to case, and what they took in. */
export class HubDirectory {
  readonly telemetry = new TelemetryLog();
  readonly #records: HubIdentities;
  readonly #hubs: ReadonlyMap<string, HubRegistry>;

  constructor(hostNames: readonly string[], storage: RecordStorage = createMemoryStorage()) {
    this.#records = storage.collection('hub-identities');
    this.#hubs = new Map(
      hostNames.map((hostName) => [hostName.toLowerCase(), new HubRegistry(hostName, this.#records)]),
    );
  }

  get hubs(): readonly HubRegistry[] {
    return [...this.#hubs.values()];
  }

  find(hostName: string): HubRegistry | undefined {
    return this.#hubs.get(hostName.toLowerCase());
  }

  clear(): void {
    this.#records.clear();
    this.telemetry.clear();
  }
}
