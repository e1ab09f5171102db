import { hash } from 'node:crypto';
import { checkDeviceProof, type HubProof, type ProofContext } from './authenticate.ts';
import type { HubDirectory } from './hub-directory.ts';
import { type HubIdentity, type HubModule, type HubTwin, moduleOf, type TwinObject } from './hub-identity.ts';
import { type HubRefusal, hubRefusals } from './hub-refusal.ts';
import type { HubRegistry } from './hub-registry.ts';
import { patchTwin } from './twin.ts';

/** Who wants in, as its protocol names it. */
export interface DeviceAddress {
  /** Host name of the hub that it means to speak to. */
  readonly hub: string;
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
}

/** A device or module that has proved itself. */
export interface ConnectedDevice {
  readonly kind: 'connected';
  readonly registry: HubRegistry;
  readonly identity: HubIdentity;
  readonly module: HubModule | undefined;
  /** SHA-256, upper-case hexadecimal: of the certificate with which it came. */
  readonly certificateThumbprint: string | undefined;
}

/** A message from a device. */
export interface DeviceMessage {
  readonly body: Uint8Array;
  readonly properties: Readonly<Record<string, string>>;
}

/** What devices may do at a hub, whatever protocol carries it. */
export interface HubService {
  /** Who is refused, and why: an unknown hub or device, a disabled one, a proof that does not hold. */
  connect(address: DeviceAddress, proof: HubProof): ConnectedDevice | HubRefusal;
  acceptTelemetry(device: ConnectedDevice, message: DeviceMessage): HubRefusal | undefined;
  /** The twin as it is now. */
  readTwin(device: ConnectedDevice): HubTwin;
  /** Merges what a device reports; gives the twin after it. */
  reportProperties(device: ConnectedDevice, patch: TwinObject): HubTwin;
}

/** Largest message from a device: 256 KB, as published. */
const LARGEST_MESSAGE_BYTES = 256 * 1024;

export interface HubServiceParts extends ProofContext {
  readonly directory: HubDirectory;
}

export function createHubService({ directory, ...proofs }: HubServiceParts): HubService {
  const { clock } = proofs;
  return {
    connect: (address, proof) => {
      const { hub, deviceId, moduleId } = address;
      const registry = directory.find(hub);
      if (registry === undefined) return hubRefusals.hubNotFound(`${hub} is not a linked hub`);
      const identity = registry.get(deviceId);
      if (identity === undefined) {
        return hubRefusals.deviceNotFound(`${registry.hostName} does not know device ${deviceId}`);
      }
      const module = moduleId === undefined ? undefined : moduleOf(identity, moduleId);
      if (moduleId !== undefined && module === undefined) {
        return hubRefusals.moduleNotFound(`${deviceId} has no module ${moduleId}`);
      }
      const refusal = checkDeviceProof(proof, { hub: registry.hostName, identity, module }, proofs);
      if (refusal !== undefined) return refusal;
      return identity.status === 'enabled'
        ? { kind: 'connected', registry, identity, module, certificateThumbprint: thumbprintOf(proof) }
        : hubRefusals.unauthorized(`${deviceId} is disabled`);
    },
    acceptTelemetry: ({ registry, identity, module, certificateThumbprint }, { body, properties }) => {
      if (body.length > LARGEST_MESSAGE_BYTES) {
        return hubRefusals.messageTooLarge(`${body.length} bytes, ${LARGEST_MESSAGE_BYTES} are allowed`);
      }
      directory.telemetry.add({
        at: new Date(clock.nowMs()).toISOString(),
        hub: registry.hostName,
        deviceId: identity.deviceId,
        moduleId: module?.moduleId,
        certificateThumbprint,
        body,
        properties,
      });
      return undefined;
    },
    readTwin: (device) => newest(device).twin,
    reportProperties: (device, reported) => {
      const twin = patchTwin(newest(device).twin, { reported });
      putTwin(device.registry, { identity: newestIdentity(device), moduleId: device.module?.moduleId }, twin);
      return twin;
    },
  };
}

function thumbprintOf(proof: HubProof): string | undefined {
  const leaf = proof.kind === 'certificate' ? proof.chain[0] : undefined;
  return leaf === undefined ? undefined : hash('sha256', leaf, 'hex').toUpperCase();
}

/** Puts the twin of a device, or of one of its modules. */
export function putTwin(
  registry: HubRegistry,
  { identity, moduleId }: { readonly identity: HubIdentity; readonly moduleId: string | undefined },
  twin: HubTwin,
): void {
  const module = moduleId === undefined ? undefined : moduleOf(identity, moduleId);
  registry.put(
    module === undefined
      ? { ...identity, twin }
      : { ...identity, modules: { ...identity.modules, [module.moduleId]: { ...module, twin } } },
  );
}

const newestIdentity = ({ registry, identity }: ConnectedDevice): HubIdentity =>
  registry.get(identity.deviceId) ?? identity;

function newest(device: ConnectedDevice): { readonly twin: HubTwin } {
  const identity = newestIdentity(device);
  const { module } = device;
  return module === undefined ? identity : (moduleOf(identity, module.moduleId) ?? module);
}
