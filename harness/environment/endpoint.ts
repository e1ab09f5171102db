import { DEFAULT_API_VERSION, startDps } from '../../simulators/index.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { connectEndpoint } from './external-endpoint.ts';
import type { RunEndpoint } from './run-endpoint.ts';

/**
 * Starts the emulator in this process, or connects to one that runs.
 *
 * @param scenarioFile other files are named relative to it
 * @throws EnvironmentError when it does not start or answer
 * @throws ScenarioError when it is not on loopback: load goes nowhere else
 */
export async function openEndpoint(
  endpoint: Scenario['endpoint'],
  scenarioFile: string,
): Promise<RunEndpoint> {
  return endpoint.kind === 'emulator' ? startEndpoint(endpoint) : connectEndpoint(endpoint, scenarioFile);
}

async function startEndpoint({
  retryAfterSeconds,
  assigningDurationMs,
  hubs,
}: Extract<Scenario['endpoint'], { kind: 'emulator' }>): Promise<RunEndpoint> {
  const dps = await startDps({
    retryAfterSeconds,
    assigningDurationMs,
    ...(hubs === undefined ? {} : { hubs }),
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
