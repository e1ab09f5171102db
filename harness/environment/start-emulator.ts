import { type DpsOptions, type RunningDps, serverNamesFor, startDps } from '../../simulators/index.ts';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';
import type { DevelopmentAuthority } from './development-authority.ts';

/** What `dps-rig emulate` was asked for. */
export interface EmulatorRequest extends Omit<DpsOptions, 'tls' | 'clock' | 'address' | 'httpsPort'> {
  /** Default: the first loopback address on which the port is free. */
  readonly address?: string;
  /** Default: 443 where the system allows it, else a free port. */
  readonly httpsPort?: number;
}

const STANDARD_PORT = 443;
const STANDARD_AMQP_PORT = 5671;
const STANDARD_MQTT_PORT = 8883;
/** Another service may have 443 on 127.0.0.1; the whole of 127/8 is loopback. */
const loopbackAddresses = ['127.0.0.1', '127.43.0.1', '127.43.0.2'];

/**
 * Starts the emulator where most clients can reach it.
 *
 * @throws EnvironmentError when a given address and port cannot be bound
 */
export async function startEmulator(
  request: EmulatorRequest,
  { pki, bundle }: DevelopmentAuthority,
): Promise<RunningDps> {
  const start = async (address: string, httpsPort: number): Promise<RunningDps> => {
    const addresses = [...new Set(['127.0.0.1', ...(address === '0.0.0.0' ? [] : [address])])];
    const { chainPem, privateKeyPem } = await pki.issueServerCertificate({
      names: serverNamesFor(request.hubs ?? []),
      addresses,
    });
    const tls = { certificateChainPem: chainPem, privateKeyPem, caPem: bundle.rootPem };
    const amqpPort = request.amqpPort ?? (httpsPort === STANDARD_PORT ? STANDARD_AMQP_PORT : 0);
    const mqttPort = request.mqttPort ?? (httpsPort === STANDARD_PORT ? STANDARD_MQTT_PORT : 0);
    return startDps({ ...request, address, httpsPort, mqttPort, amqpPort, tls });
  };
  if (request.httpsPort !== undefined) return start(request.address ?? '127.0.0.1', request.httpsPort);
  for (const address of request.address === undefined ? loopbackAddresses : [request.address]) {
    try {
      return await start(address, STANDARD_PORT);
    } catch (error) {
      if (!(error instanceof EnvironmentError) || error.code !== 'ENVIRONMENT') throw error;
    }
  }
  return start(request.address ?? '127.0.0.1', 0);
}
