import type { ProvisioningDeviceClient } from 'azure-iot-provisioning-device';
import type { RegistrationClient } from 'azure-iot-provisioning-device/dist/interfaces.js';
import { untilAborted } from '../../kernel/deadline.ts';
import { CodecError, InvariantError, type RigError } from '../../kernel/errors.ts';
import type { DeviceRegistrationResult } from '../../wire/device-api.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceResult } from '../device-trace.ts';
import { resultOfOperation } from '../operation-result.ts';
import { resultOfSdkFailure } from './azure-sdk-failure.ts';
import { type LastAnswer, ObservedHttp } from './azure-sdk-http.ts';
import { openSdkSecurity, type SdkSecurity } from './azure-sdk-security.ts';
import type { ClientSetup, ProvisioningClient } from './provisioning-client.ts';

/** Microsoft's `azure-iot-provisioning-device`, unmodified, over HTTPS. It polls and gives up as it sees fit. */
export const createAzureSdkClient = (setup: ClientSetup): ProvisioningClient => new AzureSdkClient(setup);

/** A transport of the SDK's, and what we see of it. */
interface SdkTransport {
  readonly transport: Parameters<(typeof ProvisioningDeviceClient)['create']>[2];
  readonly connected: boolean;
  readonly lastAnswer: LastAnswer | undefined;
  close(): void;
}

class AzureSdkClient implements ProvisioningClient {
  readonly #setup: ClientSetup;
  #security: SdkSecurity | undefined;

  constructor(setup: ClientSetup) {
    this.#setup = setup;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { spec, credentials, tpms } = this.#setup;
    this.#security ??= await openSdkSecurity(spec.registrationId, credentials, tpms, signal);
    await Promise.all([loadSdk(), sdkTransports[spec.transport]()]);
  }

  async register(recorder: AttemptRecorder, signal: AbortSignal): Promise<DeviceResult> {
    const { endpoint, clock } = this.#setup;
    const crash = Promise.withResolvers<never>();
    const sdk = await this.#open(recorder, crash.reject);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#security?.[Symbol.asyncDispose]();
    this.#security = undefined;
  }

  async #open(recorder: AttemptRecorder, onFailure: (error: RigError) => void): Promise<SdkTransport> {
    const { spec, endpoint, clock } = this.#setup;
    if (spec.transport !== 'https') {
      const { createSdkAmqp } = await sdkTransports.amqp();
      return createSdkAmqp(spec.transport, { endpoint, recorder, clock, onFailure });
    }
    const { Http } = await sdkTransports.https();
    const http = new ObservedHttp(endpoint, recorder, clock, onFailure);
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

/** The package of each transport. */
const sdkTransports = {
  https: () => import('azure-iot-provisioning-device-http'),
  amqp: () => import('./azure-sdk-amqp.ts'),
  'amqp-ws': () => import('./azure-sdk-amqp.ts'),
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
