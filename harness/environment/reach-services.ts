import { type CheckedEndpoints, connectDpsControl } from '../../simulators/index.ts';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';

/** What stands for the real services, where others give the URL of an emulator's management API. */
export const REAL_SERVICES = 'azure';

const standardPorts = { https: 443, mqtt: 8883, amqp: 5671 } as const;

/**
 * How DPS and hubs of given names are reached: at an emulator that runs already, or wherever their names lead.
 *
 * @param where URL of a management API, or {@link REAL_SERVICES}
 * @throws EnvironmentError when no emulator answers
 */
export async function reachServices(where: string): Promise<CheckedEndpoints> {
  if (where === REAL_SERVICES) {
    return { reach: (hostName, protocol) => ({ hostName, port: standardPorts[protocol] }) };
  }
  const { https, mqtt, amqp, caPem } = await connectDpsControl(where)
    .info()
    .catch((cause: unknown) => {
      throw new EnvironmentError('endpoint', `the emulator at ${where} does not answer`, {
        hint: 'Start one with `dps-rig emulate`; it prints its management URL.',
        cause,
      });
    });
  const ports = { https: https.port, mqtt: mqtt.port, amqp: amqp.port };
  return {
    reach: (hostName, protocol) => ({ hostName, address: https.address, port: ports[protocol], caPem }),
  };
}
