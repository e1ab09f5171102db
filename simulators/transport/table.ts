import type { Clock } from '../kernel/clock.ts';
import { createAmqpTransport, createAmqpWsTransport } from './amqp.ts';
import { createHttpsTransport } from './https.ts';
import type { DpsEndpoint, TpmProvisioningTransport } from './provisioning-transport.ts';
import type { TlsIdentity } from './secure-context.ts';

export interface TransportOptions {
  readonly registrationId: string;
  readonly tls?: TlsIdentity | undefined;
  readonly userAgent?: string | undefined;
}

/** What native devices speak. */
export const transports = {
  https: createHttpsTransport,
  amqp: createAmqpTransport,
  'amqp-ws': createAmqpWsTransport,
} as const satisfies Record<
  string,
  (endpoint: DpsEndpoint, options: TransportOptions, clock: Clock) => TpmProvisioningTransport
>;
