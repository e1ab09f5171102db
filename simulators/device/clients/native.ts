import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { InvariantError, TransportError } from '../../kernel/errors.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { KeyEvidence } from '../../security/key-use.ts';
import type { SecurityModule, SymmetricKeyModule, TpmModule } from '../../security/security-module.ts';
import { hubTransports } from '../../transport/hub-table.ts';
import { type HubDevice, hubEndpoint } from '../../transport/hub-transport.ts';
import {
  carriesTpm,
  type ProvisioningTransport,
  type RegistrationReply,
  type RequestProof,
} from '../../transport/provisioning-transport.ts';
import { transports } from '../../transport/table.ts';
import { REGISTRATION_KEY_NAME } from '../../wire/constants.ts';
import type { DeviceRegistration, RegistrationOperationStatus } from '../../wire/device-api.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceResult } from '../device-trace.ts';
import { createHubToken } from '../hub-token.ts';
import { openSecurityModule } from '../open-security-module.ts';
import { isPending, resultOfOperation } from '../operation-result.ts';
import { pollDelayMs } from '../poll-delay.ts';
import { createRegistrationToken } from '../registration-token.ts';
import { createRetrier, type Retrier, sleep } from '../retrier.ts';
import { telemetryOf } from '../telemetry.ts';
import type { ClientSetup, ProvisioningClient } from './provisioning-client.ts';

/** Our own client: any attestation over any transport, every step timed, every mistake possible. */
export const createNativeClient = (setup: ClientSetup): ProvisioningClient => new NativeClient(setup);

/** What one registration carries from step to step. */
interface Attempt {
  readonly recorder: AttemptRecorder;
  readonly signal: AbortSignal;
  readonly retrying: Retrier;
}

class NativeClient implements ProvisioningClient {
  readonly #setup: ClientSetup;
  #parts: { readonly security: SecurityModule; readonly transport: ProvisioningTransport } | undefined;

  constructor(setup: ClientSetup) {
    this.#setup = setup;
  }

  get keyEvidence(): KeyEvidence | undefined {
    const security = this.#parts?.security;
    return security?.attestation === 'tpm' ? undefined : security?.evidence;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#parts !== undefined) return;
    const { spec, credentials, endpoint, clock, userAgent } = this.#setup;
    const security = await openSecurityModule(credentials, this.#setup, signal);
    const tls = security.attestation === 'x509' ? security.tls : undefined;
    const { registrationId } = spec;
    const transport = transports[spec.transport](endpoint, { registrationId, tls, userAgent }, clock);
    this.#parts = { security, transport };
  }

  async register(recorder: AttemptRecorder, signal: AbortSignal): Promise<DeviceResult> {
    const { spec, clock, seed, retryPolicy: policy } = this.#setup;
    const { registrationId } = spec;
    const retrying = createRetrier({ policy, recorder, clock, seed, registrationId }, signal);
    const attempt: Attempt = { recorder, signal, retrying };
    const { security, transport } = this.#prepared();
    try {
      await retrying(() => recorder.time('tcp-tls', 'connect', () => transport.connect(signal)));
      const body = this.#body(security);
      const proof = await this.#prove(body, attempt);
      const accepted = await this.#register(body, proof, attempt);
      const operation = await this.#awaitEnd(accepted, proof, attempt);
      if (security.attestation === 'tpm') await this.#takeHubKey(security, operation, attempt);
      return resultOfOperation(operation);
    } finally {
      await transport.close();
    }
  }

  async sendTelemetry(device: HubDevice, recorder: AttemptRecorder, signal: AbortSignal): Promise<void> {
    const { spec, endpoint, userAgent } = this.#setup;
    const { security } = this.#prepared();
    const tls = security.attestation === 'x509' ? security.tls : undefined;
    await using transport = hubTransports[spec.transport](hubEndpoint(endpoint, device.hub), {
      ...{ ...device, tls, userAgent },
    });
    const proof = await this.#proveToHub(device, recorder, signal);
    await recorder.time('hub-connect', 'hub.connect', () => transport.connect(proof, signal));
    const message = telemetryOf(spec.registrationId);
    await recorder.time('telemetry', 'hub.telemetry', () => transport.sendTelemetry(message, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    await parts?.transport.close();
    await parts?.security[Symbol.asyncDispose]();
  }

  #body(security: SecurityModule): DeviceRegistration {
    const { registrationId } = this.#setup.spec;
    if (security.attestation !== 'tpm') return { registrationId };
    if (this.#setup.sent !== undefined) this.#setup.sent.endorsementKey = security.endorsementKey;
    const endorsementKey = toBase64(security.endorsementKey);
    const storageRootKey = toBase64(security.storageRootKey);
    return { registrationId, tpm: { endorsementKey, storageRootKey } };
  }

  /** X.509 needs nothing more than its TLS handshake; the others sign a token, a TPM after its challenge. */
  async #prove(body: DeviceRegistration, attempt: Attempt): Promise<RequestProof> {
    const { security } = this.#prepared();
    switch (security.attestation) {
      case 'x509':
        return { kind: 'none' };
      case 'symmetric-key':
        return this.#token(REGISTRATION_KEY_NAME, (input) => this.#sign(security, input, attempt));
      case 'tpm':
        return this.#answerChallenge(security, body, attempt);
    }
  }

  /** With the same certificate or key as to DPS; a TPM device's key came with its assignment. */
  async #proveToHub(
    device: HubDevice,
    recorder: AttemptRecorder,
    signal: AbortSignal,
  ): Promise<RequestProof> {
    const { security } = this.#prepared();
    if (security.attestation === 'x509') return { kind: 'none' };
    const sign = (input: Uint8Array): Promise<Uint8Array> =>
      this.#sign(security, input, { recorder, signal });
    return { kind: 'sas', token: await createHubToken(device, sign, this.#setup.clock) };
  }

  /** Timed where the key is in hardware of the device's own. */
  #sign(
    security: SymmetricKeyModule | TpmModule,
    input: Uint8Array,
    { recorder, signal }: Pick<Attempt, 'recorder' | 'signal'>,
  ): Promise<Uint8Array> {
    const sign = (): Promise<Uint8Array> => security.sign(input, signal);
    switch (this.#setup.spec.keyStore) {
      case 'software':
        return sign();
      case 'softhsm':
        return recorder.time('hsm', 'hsm.sign', sign);
      case 'swtpm':
        return recorder.time('tpm', 'tpm.sign', sign);
    }
  }

  async #answerChallenge(
    security: TpmModule,
    body: DeviceRegistration,
    { recorder, signal, retrying }: Attempt,
  ): Promise<RequestProof> {
    const { transport } = this.#prepared();
    if (!carriesTpm(transport)) {
      throw new InvariantError(`${this.#setup.spec.transport} carries no TPM attestation`);
    }
    const { blob, keyName } = await retrying(() =>
      recorder.time(
        'register',
        'challenge',
        () => transport.requestChallenge(body, signal),
        (challenge) => `401 with a challenge of ${challenge.blob.length} bytes`,
      ),
    );
    return this.#token(keyName, (input) =>
      recorder.time('tpm', 'tpm.activate-and-sign', () => security.activateAndSign(blob, input, signal)),
    );
  }

  async #token(keyName: string, sign: (input: Uint8Array) => Promise<Uint8Array>): Promise<RequestProof> {
    const { spec, endpoint, fault, clock, sent } = this.#setup;
    const { registrationId } = spec;
    const request = { idScope: endpoint.idScope, registrationId, keyName, fault };
    const token = await createRegistrationToken(request, sign, clock);
    if (sent !== undefined) sent.sasToken = token;
    return { kind: 'sas', token };
  }

  #register(
    body: DeviceRegistration,
    proof: RequestProof,
    { recorder, signal, retrying }: Attempt,
  ): Promise<RegistrationReply> {
    const { transport } = this.#prepared();
    return retrying(() =>
      recorder.time('register', 'register', () => transport.register(body, proof, signal), describeReply),
    );
  }

  async #awaitEnd(
    accepted: RegistrationReply,
    proof: RequestProof,
    { recorder, signal, retrying }: Attempt,
  ): Promise<RegistrationOperationStatus> {
    const { spec, clock, seed, pollJitter, fault } = this.#setup;
    const { transport } = this.#prepared();
    let reply = accepted;
    while (isPending(reply.operation)) {
      const { operationId } = reply.operation;
      const delayMs = pollDelayMs(
        fault?.pollSeconds?.(reply.retryAfterSeconds) ?? reply.retryAfterSeconds,
        pollJitter,
        () => seededRandom(seed, 'poll', spec.registrationId, recorder.polls),
      );
      await recorder.time('poll-wait', 'poll-wait', () => sleep(clock, delayMs, signal));
      reply = await retrying(() => {
        recorder.polls += 1;
        const query = (): Promise<RegistrationReply> => transport.queryOperation(operationId, proof, signal);
        return recorder.time('poll', 'poll', query, describeReply);
      });
    }
    return reply.operation;
  }

  /** The second blob carries the device's key for its IoT Hub and replaces the one that proved it to DPS. */
  async #takeHubKey(
    security: TpmModule,
    { status, registrationState }: RegistrationOperationStatus,
    { recorder, signal }: Attempt,
  ): Promise<void> {
    if (status !== 'assigned') return;
    const blob = registrationState?.tpm?.authenticationKey;
    if (typeof blob !== 'string') {
      throw new TransportError(
        'receive',
        'AUTHENTICATION_KEY_MISSING',
        'the service assigned a TPM device without giving it the key for its hub',
      );
    }
    await recorder.time('tpm', 'tpm.activate', () => security.activateIdentityKey(fromBase64(blob), signal));
  }

  #prepared(): { readonly security: SecurityModule; readonly transport: ProvisioningTransport } {
    if (this.#parts === undefined) throw new InvariantError('register was called before prepare');
    return this.#parts;
  }
}

function describeReply({ operation, retryAfterSeconds }: RegistrationReply): string {
  return retryAfterSeconds === undefined
    ? operation.status
    : `${operation.status}, retry after ${retryAfterSeconds} s`;
}
