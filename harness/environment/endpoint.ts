import { DEFAULT_API_VERSION, startDps } from '../../simulators/index.ts';
import { UsageError } from '../../simulators/kernel/errors.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { connectEndpoint } from './external-endpoint.ts';
import type { RunEndpoint } from './run-endpoint.ts';

/**
 * Starts the emulator in this process, or connects to one that runs.
 *
 * @param scenarioFile other files are named relative to it
 * @param onKeyLog takes the secrets of the connections to an emulator in this process
 * @throws EnvironmentError when it does not start or answer
 * @throws ScenarioError when it is not on loopback: load goes nowhere else
 */
export async function openEndpoint(
  endpoint: Scenario['endpoint'],
  scenarioFile: string,
  onKeyLog?: (line: Buffer) => void,
): Promise<RunEndpoint> {
  if (endpoint.kind === 'emulator') return startEndpoint(endpoint, onKeyLog);
  if (onKeyLog !== undefined) {
    throw new UsageError('the keys of an emulator that runs already are its own', {
      hint: 'Give --keylog to `dps-rig emulate`.',
    });
  }
  return connectEndpoint(endpoint, scenarioFile);
}

async function startEndpoint(
  { retryAfterSeconds, assigningDurationMs, hubs }: Extract<Scenario['endpoint'], { kind: 'emulator' }>,
  onKeyLog: ((line: Buffer) => void) | undefined,
): Promise<RunEndpoint> {
  const dps = await startDps({
    retryAfterSeconds,
    assigningDurationMs,
    ...(hubs === undefined ? {} : { hubs }),
    ...(onKeyLog === undefined ? {} : { onKeyLog }),
  });
  return {
    kind: 'emulator',
    dps: {
      ...dps.https,
      mqttPort: dps.mqtt.port,
      amqpPort: dps.amqp.port,
      idScope: dps.idScope,
      apiVersion: DEFAULT_API_VERSION,
      caPem: dps.caPem,
    },
    hubs: dps.hubs,
    enroll: (enrollments) => dps.control.enroll(enrollments),
    registrations: () => dps.control.registrations(),
    [Symbol.asyncDispose]: () => dps[Symbol.asyncDispose](),
  };
}
