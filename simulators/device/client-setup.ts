import type { DeviceFault } from '../faults/device-fault.ts';
import { deviceFault } from '../faults/table.ts';
import { type Clock, lateClock, skewedClock, systemClock } from '../kernel/clock.ts';
import { currentTap, tellWire } from '../kernel/wire-log.ts';
import { type RecordedCall, withRecorder } from '../pkcs11/decorators/recorder.ts';
import { type TokenHost, withDecorator } from '../pkcs11/token-host.ts';
import type { TpmHost } from '../tpm/tpm-host.ts';
import type { DpsEndpoint } from '../transport/provisioning-transport.ts';
import type { ClientSetup } from './clients/provisioning-client.ts';
import type { DeviceContext } from './device.ts';
import type { DeviceCredentials, DeviceSpec } from './device-spec.ts';
import { withPassThrough } from './platforms/eflow/pass-through.ts';
import { retryPolicies } from './retry-policy.ts';
import { misconfiguredUri, withTokenFault } from './token-fault.ts';
import { withTpmState } from './tpm-state-fault.ts';

/**
 * What a device's client is made from: its credentials, its hardware, its clock and the service, all of them as the device
 * finds them after its mistakes.
 *
 * @param calls takes every call to its token, where steps are recorded
 */
export function clientSetup(
  spec: DeviceSpec,
  credentials: DeviceCredentials,
  context: DeviceContext,
  calls: RecordedCall[],
): ClientSetup {
  const fault = spec.fault === undefined ? undefined : deviceFault(spec.fault);
  const lateSeconds = fault?.clockLateSeconds ?? 0;
  const trueClock = context.clock ?? systemClock;
  const ownClock = spec.clock === undefined ? trueClock : skewedClock(trueClock, spec.clock);
  const clock = lateSeconds === 0 ? ownClock : lateClock(ownClock, lateSeconds * 1000);
  const endpoint =
    spec.clock === undefined ? context.endpoint : { ...context.endpoint, nowMs: () => clock.nowMs() };
  const registrationId = fault?.registrationId?.(spec.registrationId) ?? spec.registrationId;
  return {
    spec: { ...spec, registrationId },
    credentials: misconfigured(credentials, fault),
    fault,
    endpoint: fault === undefined ? endpoint : endpointFor(endpoint, fault, clock),
    tpms: tpmsFor(spec, context, fault),
    tokens: tokensFor(context, fault, calls),
    clock,
    seed: context.seed,
    retryPolicy: retryPolicies[context.retryPolicy ?? 'standard'],
    pollJitter: context.pollJitter ?? 0,
    userAgent: context.userAgent,
    edge: context.edge ?? {},
  };
}

/** The service as this device knows it. */
function endpointFor(
  endpoint: DpsEndpoint,
  { idScope, trusts, judgesDatesByOwnClock, port }: DeviceFault,
  clock: Clock,
): DpsEndpoint {
  const changes = [idScope, trusts, judgesDatesByOwnClock, port];
  if (changes.every((change) => change === undefined)) return endpoint;
  return {
    ...endpoint,
    ...(idScope === undefined ? {} : { idScope: idScope(endpoint.idScope) }),
    ...(trusts === undefined ? {} : { caPem: trusts }),
    ...(port === undefined ? {} : { port, mqttPort: port, amqpPort: port }),
    ...(judgesDatesByOwnClock === undefined ? {} : { nowMs: () => clock.nowMs() }),
  };
}

/** What the device holds, as it stands in its configuration. */
function misconfigured(credentials: DeviceCredentials, fault: DeviceFault | undefined): DeviceCredentials {
  if (credentials.kind === 'symmetric-key' && fault?.keyText !== undefined)
    return { ...credentials, key: fault.keyText(credentials.key) };
  if ('keyUri' in credentials && fault?.token !== undefined)
    return { ...credentials, keyUri: misconfiguredUri(credentials.keyUri, fault.token) };
  return credentials;
}

/** The thread's TPMs as this one device finds them. */
function tpmsFor(
  spec: DeviceSpec,
  { tpms, clock = systemClock, seed, edge }: DeviceContext,
  fault: DeviceFault | undefined,
): TpmHost | undefined {
  const { passThrough, tpm: state } = fault ?? {};
  const found = tpms === undefined || state === undefined ? tpms : withTpmState(tpms, state);
  if (found === undefined || spec.platform !== 'eflow') return found;
  return withPassThrough(found, { spec, fault: passThrough, clock, seed, timeScale: edge?.timeScale ?? 1 });
}

/** The thread's tokens as this one device finds them. Calls are written down when steps are. */
function tokensFor(
  { tokens, recordSteps = false, clock = systemClock }: DeviceContext,
  fault: DeviceFault | undefined,
  calls: RecordedCall[],
): TokenHost | undefined {
  if (tokens === undefined) return undefined;
  const found = fault?.token === undefined ? tokens : withTokenFault(tokens, fault.token);
  if (!recordSteps) return found;
  return withDecorator(found, (cryptoki) => withRecorder(cryptoki, clock, keepCall(calls)));
}

/** For the steps, and for whoever watches: what goes wrong while a device is made ready is in no step. */
const keepCall =
  (calls: RecordedCall[]) =>
  (made: RecordedCall): void => {
    const { call, result, startMs } = made;
    calls.push(made);
    tellWire(currentTap(), 'pkcs11', () => ({ text: `${call}: ${result}` }), startMs);
  };
