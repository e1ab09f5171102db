import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { dirname, resolve } from 'node:path';
import { connectDpsControl, type DpsControl, type DpsEndpoint, startDps } from '../../simulators/index.ts';
import { EnvironmentError, ScenarioError } from '../../simulators/kernel/errors.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

/** Where the fleet registers, and what controls it. */
export interface RunEndpoint extends AsyncDisposable {
  readonly kind: Scenario['endpoint']['kind'];
  readonly dps: DpsEndpoint;
  readonly control: DpsControl;
  readonly hubs: readonly string[];
}

const API_VERSION = '2021-06-01';

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
  switch (endpoint.kind) {
    case 'emulator': {
      const { retryAfterSeconds, assigningDurationMs, hubs } = endpoint;
      const dps = await startDps({
        retryAfterSeconds,
        assigningDurationMs,
        ...(hubs === undefined ? {} : { hubs }),
      });
      return {
        kind: 'emulator',
        dps: { ...dps.https, idScope: dps.idScope, apiVersion: API_VERSION, caPem: dps.caPem },
        control: dps.control,
        hubs: dps.hubs,
        [Symbol.asyncDispose]: () => dps[Symbol.asyncDispose](),
      };
    }
    case 'external':
      return connect(endpoint, scenarioFile);
  }
}

async function connect(
  endpoint: Extract<Scenario['endpoint'], { kind: 'external' }>,
  scenarioFile: string,
): Promise<RunEndpoint> {
  const { hostName, address, port, idScope, caFile, managementUrl } = endpoint;
  requireLoopback(address, 'endpoint.address', scenarioFile);
  requireLoopback(new URL(managementUrl).hostname, 'endpoint.managementUrl', scenarioFile);
  const path = resolve(dirname(scenarioFile), caFile);
  const caPem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EnvironmentError('endpoint', `the CA file ${path} cannot be read`, { cause });
  });
  const hubs = await readHubs(managementUrl);
  return {
    kind: 'external',
    dps: { hostName, address, port, idScope, apiVersion: API_VERSION, caPem },
    control: connectDpsControl(managementUrl),
    hubs,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function requireLoopback(address: string, key: string, file: string): void {
  if (address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'))) return;
  throw new ScenarioError(
    { file, key, message: `${address} is not a loopback address` },
    { hint: 'Load is only sent to an emulator on this machine.' },
  );
}

async function readHubs(managementUrl: string): Promise<readonly string[]> {
  try {
    const response = await fetch(new URL('/info', managementUrl), { signal: AbortSignal.timeout(10_000) });
    const { hubs } = (await response.json()) as { hubs: readonly string[] };
    return hubs;
  } catch (cause) {
    throw new EnvironmentError('endpoint', `no emulator answers at ${managementUrl}`, {
      hint: 'Start one with `dps-rig emulate`; it prints its management URL.',
      cause,
    });
  }
}
