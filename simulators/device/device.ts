import { join } from 'node:path';
import { deviceFault } from '../faults/table.ts';
import type { Clock } from '../kernel/clock.ts';
import { startDeadline } from '../kernel/deadline.ts';
import { InvariantError, serializeError, TransportError, toError } from '../kernel/errors.ts';
import type { RecordedCall } from '../pkcs11/decorators/recorder.ts';
import type { TokenHost } from '../pkcs11/token-host.ts';
import { withTappedTpms } from '../tpm/decorators/wire-tap.ts';
import type { TpmHost } from '../tpm/tpm-host.ts';
import type { DpsEndpoint } from '../transport/provisioning-transport.ts';
import { AttemptRecorder } from './attempt-recorder.ts';
import { clientSetup } from './client-setup.ts';
import type { ProvisioningClient } from './clients/provisioning-client.ts';
import { clients } from './clients/table.ts';
import type { DeviceCredentials, DeviceSpec } from './device-spec.ts';
import type { DeviceResult, DeviceTrace, TraceStep } from './device-trace.ts';
import { collectEvidence, type SentProof } from './evidence/collect-evidence.ts';
import type { DeviceEvidence } from './evidence/device-evidence.ts';
import type { LifeStep } from './life/life-steps.ts';
import { createLivingDevice, type LivingDeviceOptions } from './life/living-device.ts';
import type { EdgeSettings } from './platforms/edge-settings.ts';
import { resultOfError } from './result-of-error.ts';
import type { RetryPolicyName } from './retry-policy.ts';
import { DeviceWatch, type WatchedDevice } from './watch-device.ts';

/** What the devices of a fleet have in common. */
export interface DeviceContext {
  /** Keep one object for all devices: what is parsed from it is kept with it. */
  readonly endpoint: DpsEndpoint;
  /** Runs the TPMs; needed as soon as one device has one. */
  readonly tpms?: TpmHost | undefined;
  /** Opens the tokens; needed as soon as one device has one. For this thread only. */
  readonly tokens?: TokenHost | undefined;
  readonly clock?: Clock | undefined;
  /** Jitter is a function of it and the registrationId. */
  readonly seed: number;
  /** Bounds one registration, retries and waiting included. */
  readonly attemptTimeoutMs: number;
  /** Default `standard`. The official SDK has its own mind: it never tries again. */
  readonly retryPolicy?: RetryPolicyName | undefined;
  /** Share of the poll delay that may be added to it. Default 0. */
  readonly pollJitter?: number | undefined;
  /** Fills `DeviceTrace.steps`. */
  readonly recordSteps?: boolean | undefined;
  /** Devices keep what went by on every layer, see {@link Device.watched}. */
  readonly recordWire?: boolean | undefined;
  /** Told of every step when it ends; what the token was called for is only in the trace. */
  readonly onStep?: ((step: TraceStep) => void) | undefined;
  readonly userAgent?: string | undefined;
  /** For the client `iot-edge`. */
  readonly edge?: EdgeSettings | undefined;
  /** What a device does once it knows its hub. Default: nothing. */
  readonly hubConnect?: 'none' | 'telemetry' | undefined;
  /** Devices boot and live instead of registering once: what happens to them, and where their disks are. */
  readonly life?: { readonly steps: readonly LifeStep[]; readonly directory: string } | undefined;
  /** The linked hubs; devices without DPS are spread over them, see {@link manualHub}. */
  readonly hubs?: readonly string[] | undefined;
}

/** One simulated device: its identity, its security hardware, its client. */
export interface Device extends AsyncDisposable {
  readonly spec: DeviceSpec;
  /**
   * What is done before the clock starts: powers on the TPM, parses keys and certificates.
   *
   * @throws EnvironmentError, CodecError and TransportError when the device cannot be made ready
   */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Registers once; a device without DPS goes to its hub at once. Whatever a peer does is a result; the promise rejects for errors that must end the run.
   *
   * @param signal stops it: the result is `aborted`
   */
  register(signal: AbortSignal): Promise<DeviceTrace>;
  /**
   * What can be seen of the device after it has failed. It is switched off for that, and can be prepared again.
   *
   * @param result how it failed
   */
  evidence(result: DeviceResult, signal: AbortSignal): Promise<DeviceEvidence>;
  /** What went by between the device and others so far; undefined unless `recordWire` is set. */
  watched(): WatchedDevice | undefined;
}

/** The token has taken the PIN, and does not have the key. */
const missingKeyCodes: ReadonlySet<string> = new Set(['CKR_KEY_HANDLE_INVALID', 'CKR_OBJECT_HANDLE_INVALID']);

/** Cheap: nothing is opened before {@link Device.prepare}. */
export function createDevice(
  spec: DeviceSpec,
  credentials: DeviceCredentials,
  context: DeviceContext,
): Device {
  if (context.recordWire !== true)
    return { ...makeDevice(spec, credentials, context), watched: () => undefined };
  const watching = new DeviceWatch();
  const seen = { ...context, tpms: context.tpms && withTappedTpms(context.tpms, watching.tap) };
  const chainPem = 'certificateChainPem' in credentials ? credentials.certificateChainPem : undefined;
  return watching.watch(makeDevice(spec, credentials, { ...seen, recordSteps: true }), chainPem);
}

function makeDevice(
  spec: DeviceSpec,
  credentials: DeviceCredentials,
  context: DeviceContext,
): Omit<Device, 'watched'> {
  const calls: RecordedCall[] = [];
  const sent: SentProof = {};
  let attempting: AttemptRecorder | undefined;
  const setup = { ...clientSetup(spec, credentials, context, calls), sent };
  const lookAt = (result: DeviceResult, signal: AbortSignal): Promise<DeviceEvidence> => {
    const { registrationId } = setup.spec;
    const { credentials: held, endpoint, clock } = setup;
    const identityRefused = result.kind === 'error' && /^DPS_40[14]/.test(result.error.code);
    const { waitingFor } = attempting ?? {};
    const keyRefused = result.kind === 'error' && missingKeyCodes.has(result.error.code);
    const refused = { identityRefused, keyRefused };
    const sources = { registrationId, credentials: held, endpoint, clock, sent, waitingFor, ...refused };
    return collectEvidence({ ...sources, tpms: context.tpms }, signal);
  };
  if (context.life !== undefined)
    return { ...createLivingDevice(setup, livingOptions(spec, context, context.life)), evidence: lookAt };
  const client = clients[spec.client](setup);
  return {
    spec,
    prepare: async (signal) => {
      try {
        await client.prepare(signal);
      } catch (thrown) {
        throw errorAsTold(thrown, spec);
      }
    },
    register: async (signal) => {
      const recorder = new AttemptRecorder(setup.clock, context.recordSteps ?? false, context.onStep);
      attempting = recorder;
      const result = await attempt(client, { spec, context, recorder }, signal);
      const keyUse = client.keyEvidence?.keyUse();
      const tokenSteps = calls.map(({ startMs, durationMs, call, result: detail }): TraceStep => {
        return { atMs: startMs - recorder.startedAtMs, durationMs, step: call, detail };
      });
      const trace = recorder.trace(spec.registrationId, result);
      return {
        ...trace,
        steps: [...trace.steps, ...tokenSteps].toSorted((a, b) => a.atMs - b.atMs),
        ...(keyUse === undefined ? {} : { keyUse }),
      };
    },
    evidence: async (result, signal) => {
      // Its TPM can be open only once; a client that hangs would not let go of it.
      if (attempting?.waitingFor === undefined) await client[Symbol.asyncDispose]();
      return lookAt(result, signal);
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

function livingOptions(
  spec: DeviceSpec,
  { hubs = [], attemptTimeoutMs, recordSteps = false }: DeviceContext,
  { steps, directory }: NonNullable<DeviceContext['life']>,
): LivingDeviceOptions {
  const isManual = spec.enrollment === 'manual';
  return {
    ...{ steps, recordSteps, stepTimeoutMs: attemptTimeoutMs },
    directory: join(directory, spec.registrationId),
    manual: isManual ? { hub: manualHub(hubs, spec.index), deviceId: spec.registrationId } : undefined,
  };
}

interface AttemptParts {
  readonly spec: DeviceSpec;
  readonly context: DeviceContext;
  readonly recorder: AttemptRecorder;
}

async function attempt(
  client: ProvisioningClient,
  parts: AttemptParts,
  signal: AbortSignal,
): Promise<DeviceResult> {
  using deadline = startDeadline(parts.context.attemptTimeoutMs, signal, 'the registration');
  try {
    return withTokenRefusal(await provision(client, parts, deadline.signal), client);
  } catch (thrown) {
    return asTold(withTokenRefusal(resultOfError(thrown, signal), client), parts.spec);
  }
}

/** To its hub: by DPS, or straight there; and then what it does there. */
async function provision(
  client: ProvisioningClient,
  { spec, context, recorder }: AttemptParts,
  signal: AbortSignal,
): Promise<DeviceResult> {
  if (spec.enrollment === 'manual') {
    const device = { hub: manualHub(context.hubs ?? [], spec.index), deviceId: spec.registrationId };
    await client.sendTelemetry(device, recorder, signal);
    return { kind: 'assigned', assignedHub: device.hub, deviceId: device.deviceId };
  }
  const result = await client.register(recorder, signal);
  if (result.kind === 'assigned' && context.hubConnect === 'telemetry') {
    await client.sendTelemetry({ hub: result.assignedHub, deviceId: result.deviceId }, recorder, signal);
  }
  return result;
}

/**
 * The hub in which a manually provisioned device is made.
 *
 * @throws InvariantError when there is none
 */
export function manualHub(hubs: readonly string[], index: number): string {
  const hub = hubs[index % hubs.length];
  if (hub === undefined) throw new InvariantError('a device without DPS needs a hub');
  return hub;
}

/** A handshake that fails because the token refused to sign says only that it failed: what the token said is the result. */
function withTokenRefusal(result: DeviceResult, { keyEvidence }: ProvisioningClient): DeviceResult {
  const refusal = result.kind === 'error' ? keyEvidence?.keyRefusal() : undefined;
  return refusal === undefined ? result : { kind: 'error', error: serializeError(refusal) };
}

/** As the device's user sees it, who was told otherwise before. */
function asTold(result: DeviceResult, { fault }: DeviceSpec): DeviceResult {
  const toldAs = fault === undefined ? undefined : deviceFault(fault).toldAs;
  if (toldAs === undefined || result.kind !== 'error') return result;
  const { error } = result;
  const message = `${toldAs.message}: ${error.message}`;
  return { kind: 'error', error: { ...error, code: toldAs.code, message, cause: error } };
}

/** The same for what goes wrong before there is a result. */
function errorAsTold(thrown: unknown, { fault }: DeviceSpec): unknown {
  const toldAs = fault === undefined ? undefined : deviceFault(fault).toldAs;
  if (toldAs === undefined) return thrown;
  const message = `${toldAs.message}: ${toError(thrown).message}`;
  return new TransportError('connect', toldAs.code, message, { cause: thrown });
}
