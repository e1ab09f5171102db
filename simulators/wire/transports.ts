import type { AttestationKind } from './constants.ts';

/** Listeners of the service, by the protocol that stands behind TLS; WebSockets come in with HTTPS. */
export const standardPorts = { https: 443, mqtt: 8883, amqp: 5671 } as const;
export type PortKind = keyof typeof standardPorts;

/** What one way to DPS can do; the same for every client and for the emulator. */
export interface TransportCapabilities {
  /** The listener that it dials. */
  readonly port: PortKind;
  /** Attestations that it cannot carry, and why. */
  readonly cannotCarry: Readonly<Partial<Record<AttestationKind, string>>>;
}

/** Source: "DPS does not support TPM over MQTT" of the published protocol page; no official SDK offers it either. */
const noTpmOverMqtt = {
  tpm: 'DPS has no TPM attestation over MQTT (source: the MQTT page of its documentation)',
};

/** Every transport that devices and emulator speak, and what it can carry. */
export const transportCapabilities = {
  https: { port: 'https', cannotCarry: {} },
  mqtt: { port: 'mqtt', cannotCarry: noTpmOverMqtt },
  'mqtt-ws': { port: 'https', cannotCarry: noTpmOverMqtt },
  amqp: { port: 'amqp', cannotCarry: {} },
  'amqp-ws': { port: 'https', cannotCarry: {} },
} as const satisfies Record<string, TransportCapabilities>;

export type TransportKind = keyof typeof transportCapabilities;

export const transportKinds = Object.keys(transportCapabilities) as [TransportKind, ...TransportKind[]];
