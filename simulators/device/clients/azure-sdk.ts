import type { ProvisioningDeviceClient } from 'azure-iot-provisioning-device';
import type { RegistrationClient } from 'azure-iot-provisioning-device/dist/interfaces.js';
import type { Clock } from '../../kernel/clock.ts';
import { untilAborted } from '../../kernel/deadline.ts';
import { CodecError, InvariantError, type RigError } from '../../kernel/errors.ts';
import type { KeyEvidence } from '../../security/key-use.ts';
import type { HubDevice } from '../../transport/hub-transport.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import type { DeviceRegistrationResult } from '../../wire/device-api.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { TransportKind } from '../device-spec.ts';
import type { DeviceResult } from '../device-trace.ts';
import { resultOfOperation } from '../operation-result.ts';
import { resultOfSdkFailure } from './azure-sdk-failure.ts';
import { type LastAnswer, ObservedHttp } from './azure-sdk-http.ts';
import { sdkHubTransports } from './azure-sdk-hub-table.ts';
import { openSdkSecurity, type SdkSecurity } from './azure-sdk-security.ts';
import type { ClientSetup, ProvisioningClient } from './provisioning-client.ts';

/** Microsoft's `azure-iot-provisioning-device`, unmodified, over each of its transports. It polls and gives up as it sees fit. */
export const createAzureSdkClient = (setup: ClientSetup): ProvisioningClient => new AzureSdkClient(setup);

/** A transport of the SDK's, and what we see of it. */
interface SdkTransport {
  readonly transport: Parameters<(typeof ProvisioningDeviceClient)['create']>[2];
  readonly connected: boolean;
  readonly lastAnswer: LastAnswer | undefined;
  close(): void;
}

/** What a transport of the SDK's needs of us for one registration. */
interface SdkSetup {
  readonly endpoint: DpsEndpoint;
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  /** To be told of every completed handshake. */
  readonly onHandshake: ((resumed: boolean) => void) | undefined;
  /** Told of what the SDK does not report. */
  readonly onFailure: (error: RigError) => void;
}

class AzureSdkClient implements ProvisioningClient {
  readonly #setup: ClientSetup;
  #security: SdkSecurity | undefined;

  constructor(setup: ClientSetup) {
    this.#setup = setup;
  }

  get keyEvidence(): KeyEvidence | undefined {
    return this.#security?.evidence;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { spec, credentials } = this.#setup;
    this.#security ??= await openSdkSecurity(spec.registrationId, credentials, this.#setup, signal);
    await Promise.all([loadSdk(), sdkTransports[spec.transport]()]);
  }

  async register(recorder: AttemptRecorder, signal: AbortSignal): Promise<DeviceResult> {
    const { spec, endpoint, clock } = this.#setup;
    const crash = Promise.withResolvers<never>();
    const open = await sdkTransports[spec.transport]();
    const onHandshake = this.#security?.onHandshake;
    const sdk = open({ endpoint, recorder, clock, onHandshake, onFailure: crash.reject });
    const registering = this.#start(sdk.transport, recorder, signal);
    try {
      const registered = await untilAborted(Promise.race([registering, crash.promise]), signal);
      return resultOfRegistration(registered);
    } catch (thrown) {
      const { connected, lastAnswer } = sdk;
      return resultOfSdkFailure(thrown, { endpoint, connected, lastAnswer, nowMs: clock.nowMs() });
    } finally {
      sdk.close();
    }
  }

  async sendTelemetry(device: HubDevice, recorder: AttemptRecorder, signal: AbortSignal): Promise<void> {
    const { spec, endpoint, clock } = this.#setup;
    const security = this.#security;
    if (security === undefined) throw new InvariantError('a message was sent before prepare');
    const proof = await security.proveToHub(device, signal);
    const { onHandshake } = security;
    const { registrationId } = spec;
    const send = await sdkHubTransports[spec.transport]();
    await send({ device, registrationId, endpoint, proof, recorder, clock, onHandshake, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#security?.[Symbol.asyncDispose]();
    this.#security = undefined;
  }

  async #start(
    transport: SdkTransport['transport'],
    recorder: AttemptRecorder,
    signal: AbortSignal,
  ): Promise<unknown> {
    const ProvisioningDeviceClient = await loadSdk();
    const { hostName, idScope } = this.#setup.endpoint;
    if (this.#security === undefined) throw new InvariantError('register was called before prepare');
    const security = this.#security.clientFor(recorder, signal);
    const client: RegistrationClient = ProvisioningDeviceClient.create(
      hostName,
      idScope,
      transport,
      security,
    );
    return client.register();
  }
}

type OpenSdkTransport = (setup: SdkSetup) => SdkTransport;

const amqp = (kind: 'amqp' | 'amqp-ws') => async (): Promise<OpenSdkTransport> => {
  const { createSdkAmqp } = await import('./azure-sdk-amqp.ts');
  return (setup) => createSdkAmqp(kind, setup);
};

const mqtt = (kind: 'mqtt' | 'mqtt-ws') => async (): Promise<OpenSdkTransport> => {
  const { createSdkMqtt } = await import('./azure-sdk-mqtt.ts');
  return (setup) => createSdkMqtt(kind, setup);
};

/** Loads the package of a transport, when the first device needs it. */
const sdkTransports: Readonly<Record<TransportKind, () => Promise<OpenSdkTransport>>> = {
  https: async () => {
    const { Http } = await import('azure-iot-provisioning-device-http');
    return ({ endpoint, onFailure: onCrash, ...observers }) => {
      const http = new ObservedHttp(endpoint, { ...observers, onCrash });
      return {
        transport: new Http(http),
        get connected() {
          return http.connected;
        },
        get lastAnswer() {
          return http.lastAnswer;
        },
        close: () => http.close(),
      };
    };
  },
  mqtt: mqtt('mqtt'),
  'mqtt-ws': mqtt('mqtt-ws'),
  amqp: amqp('amqp'),
  'amqp-ws': amqp('amqp-ws'),
};

/** Loaded when the first device needs it, so that a fleet of native clients does not pay for it. */
async function loadSdk() {
  const { default: device } = await import('azure-iot-provisioning-device'); // CommonJS whose names Node cannot see from outside
  return device.ProvisioningDeviceClient;
}

/** @param registered `registrationState`, or for a TPM the whole operation around it */
function resultOfRegistration(registered: unknown): DeviceResult {
  const answer = registered as { registrationState?: DeviceRegistrationResult } & DeviceRegistrationResult;
  const registrationState = answer.registrationState ?? answer;
  const { assignedHub, deviceId } = registrationState;
  if (typeof assignedHub !== 'string' || typeof deviceId !== 'string') {
    throw new CodecError('answer has no valid registrationState', 0, 'assignedHub and deviceId');
  }
  return resultOfOperation({ operationId: '', status: 'assigned', registrationState });
}
