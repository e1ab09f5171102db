import { randomBytes } from 'node:crypto';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { InvariantError, TransportError } from '../../kernel/errors.ts';
import type { KeyEvidence } from '../../security/key-use.ts';
import type { SecurityModule, TpmModule } from '../../security/security-module.ts';
import { openTpmModule } from '../../security/tpm.ts';
import { createTpmClient } from '../../tpm/tpm-client.ts';
import type { HttpResponse } from '../../transport/http-exchange.ts';
import { createHubHttpsTransport } from '../../transport/hub-https.ts';
import type { HubModules } from '../../transport/hub-modules.ts';
import { type HubDevice, hubEndpoint } from '../../transport/hub-transport.ts';
import type { RequestProof } from '../../transport/provisioning-transport.ts';
import type { TlsEndpoint } from '../../transport/tls-connection.ts';
import { REGISTRATION_KEY_NAME } from '../../wire/constants.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceResult } from '../device-trace.ts';
import { daemonHubToken } from '../life/hub-proof.ts';
import { deriveModuleKeys } from '../life/module-keys.ts';
import { openHubModules } from '../life/open-hub-modules.ts';
import { openSecurityModule, requireHost } from '../open-security-module.ts';
import { type EdgeOperation, readAccepted, readChallenge, readOperation } from '../platforms/edge-answers.ts';
import { type EdgeExchange, EdgeHttp } from '../platforms/edge-http.ts';
import type { EdgeProfile } from '../platforms/edge-profile.ts';
import { createEdgeToken } from '../platforms/edge-token.ts';
import { ensureEdgeKeys, identityKeySlot } from '../platforms/edge-tpm-keys.ts';
import { requestPath } from '../platforms/endpoint-path.ts';
import { edgeProfiles } from '../platforms/profiles.ts';
import { newestVersionOf } from '../platforms/table.ts';
import { telemetryOf } from '../telemetry.ts';
import type { ClientSetup, ProvisioningClient } from './provisioning-client.ts';

/** The daemon of IoT Edge, as its release behaves on the wire: see the profile of the device's version. */
export const createIotEdgeClient = (setup: ClientSetup): ProvisioningClient => new IotEdgeClient(setup);

/** Of a status query, whatever the configuration says. */
const QUERY_TIMEOUT_MS = 30_000;

/** Those of the edge runtime. */
const systemModules = ['$edgeAgent', '$edgeHub'] as const;

/** What one registration carries from step to step. */
interface Attempt {
  readonly http: EdgeHttp;
  readonly security: SecurityModule;
  readonly recorder: AttemptRecorder;
  readonly signal: AbortSignal;
}

class IotEdgeClient implements ProvisioningClient {
  readonly #setup: ClientSetup;
  readonly #profile: EdgeProfile;
  #security: SecurityModule | undefined;
  /** `aziot_identityd_master_id`: made once, at the first start. */
  readonly #masterKey = randomBytes(32);
  #complaints: readonly string[] = [];

  constructor(setup: ClientSetup) {
    const { platform, version = newestVersionOf(platform) } = setup.spec;
    this.#setup = setup;
    this.#profile = edgeProfiles[version];
  }

  get keyEvidence(): KeyEvidence | undefined {
    return this.#security?.attestation === 'tpm' ? undefined : this.#security?.evidence;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#setup.spec.transport !== 'https') {
      throw new InvariantError('the IoT Edge daemon speaks HTTPS only');
    }
    this.#security ??= await this.#openSecurity(signal);
  }

  async register(recorder: AttemptRecorder, signal: AbortSignal): Promise<DeviceResult> {
    const security = this.#prepared();
    const log = (text: string): void => recorder.note('log', text);
    for (const complaint of this.#complaints) log(complaint);
    await using http = this.#openHttp(this.#setup.endpoint, security);
    const attempt: Attempt = { http, security, recorder, signal };
    log('Sending DPS registration request.');
    const operation = await this.#awaitEnd(attempt, await this.#register(attempt));
    if (operation.kind === 'ended') return operation;
    const { assignedHub, deviceId, substatus, authenticationKey } = operation;
    if (authenticationKey !== undefined && security.attestation === 'tpm') {
      await importKey(security, authenticationKey, attempt);
      log('Imported DPS authentication key into TPM.');
    }
    log(`Assigned to IoT hub: ${assignedHub}`);
    log('DPS registration complete.');
    return { kind: 'assigned', assignedHub, deviceId, ...(substatus === undefined ? {} : { substatus }) };
  }

  /** Reconciles the identities of the system modules; the message that follows is the rig's, not the daemon's. */
  async sendTelemetry(device: HubDevice, recorder: AttemptRecorder, signal: AbortSignal): Promise<void> {
    const { endpoint, spec } = this.#setup;
    const security = this.#prepared();
    recorder.note('log', 'Identity reconciliation started. Reason: Startup');
    await using modules = openHubModules(this.#setup, security, this.#profile, device);
    await recorder.time('hub-connect', 'hub.modules', () => this.#giveKeys(modules, signal));
    recorder.note('log', 'Identity reconciliation complete.');

    const tls = security.attestation === 'x509' ? security.tls : undefined;
    await using transport = createHubHttpsTransport(hubEndpoint(endpoint, device.hub), { ...device, tls });
    const proof = await this.#proveToHub(device, security, signal);
    await recorder.time('hub-connect', 'hub.connect', () => transport.connect(proof, signal));
    const message = telemetryOf(spec.registrationId);
    await recorder.time('telemetry', 'hub.telemetry', () => transport.sendTelemetry(message, signal));
  }

  /** What is missing is made without keys first: they derive from its generation. */
  async #giveKeys(modules: HubModules, signal: AbortSignal): Promise<void> {
    const known = await modules.list(signal);
    for (const moduleId of systemModules) {
      const module =
        known.find((one) => one.moduleId === moduleId) ?? (await modules.create(moduleId, signal));
      await modules.setKeys(module, deriveModuleKeys(this.#masterKey, module), signal);
    }
  }

  async #proveToHub(device: HubDevice, security: SecurityModule, signal: AbortSignal): Promise<RequestProof> {
    if (security.attestation === 'x509') return { kind: 'none' };
    const sign = (input: Uint8Array): Promise<Uint8Array> => security.sign(input, signal);
    return { kind: 'sas', token: await daemonHubToken(this.#profile, device, sign, this.#setup.clock) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const security = this.#security;
    this.#security = undefined;
    await security?.[Symbol.asyncDispose]();
  }

  /** A TPM is asked for its EK and SRK each time the daemon starts; whatever is missing, it makes. */
  async #openSecurity(signal: AbortSignal): Promise<SecurityModule> {
    const { credentials, tpms } = this.#setup;
    if (credentials.kind !== 'tpm') return openSecurityModule(credentials, this.#setup, signal);
    const tpm = await requireHost(tpms).open(credentials, signal);
    try {
      const keys = await tpm.use(
        (transport) => ensureEdgeKeys(createTpmClient(transport), this.#profile, signal),
        signal,
      );
      this.#complaints = keys.complaints;
      const endorsementKey = toBase64(keys.endorsementKey);
      const publics = { endorsementKey, storageRootKey: toBase64(keys.storageRootKey) };
      return openTpmModule(tpm, publics, identityKeySlot(this.#profile, this.#setup.edge));
    } catch (error) {
      await tpm[Symbol.asyncDispose]();
      throw error;
    }
  }

  #openHttp(endpoint: TlsEndpoint, security: SecurityModule): EdgeHttp {
    const { clock, seed, spec, edge: settings } = this.#setup;
    const tls = security.attestation === 'x509' ? security.tls : undefined;
    const { registrationId } = spec;
    return new EdgeHttp({ endpoint, tls, profile: this.#profile, settings, clock, seed, registrationId });
  }

  /** @returns the operationId, and the token that proved the device */
  async #register(attempt: Attempt): Promise<{ readonly operationId: string; readonly token?: string }> {
    const { security } = attempt;
    const { registrationId } = this.#setup.spec;
    const payload = this.#profile.payload ? this.#setup.edge.payload : undefined;
    const plain = { registrationId, ...(payload === undefined ? {} : { payload }) };
    const body = security.attestation === 'tpm' ? { ...plain, tpm: keysOf(security) } : plain;
    if (security.attestation === 'tpm') {
      const challenge = await this.#put('challenge', body, undefined, attempt);
      await importKey(security, readChallenge(challenge, this.#profile), attempt);
    }
    const token = await this.#registrationToken(attempt);
    const second = this.#profile.tpmKeysInSecondRequest ? body : plain;
    const accepted = await this.#put('register', second, token, attempt);
    const operationId = readAccepted(accepted, this.#profile);
    return { operationId, ...(token === undefined ? {} : { token }) };
  }

  /** Retry-After is ignored by every generation. */
  async #awaitEnd(
    attempt: Attempt,
    { operationId, token }: { readonly operationId: string; readonly token?: string },
  ): Promise<Exclude<EdgeOperation, { kind: 'assigning' }>> {
    const { http, recorder, signal } = attempt;
    const { poll, sas } = this.#profile;
    const path = this.#path(`operations/${encodeURIComponent(operationId)}`);
    const exchange = { phase: 'poll', step: 'poll', timeoutMs: QUERY_TIMEOUT_MS, retries: 0 } as const;
    for (let polls = 0; polls < (poll.most ?? Number.POSITIVE_INFINITY); polls += 1) {
      const delayMs = polls === 0 ? poll.firstDelayMs : poll.delayMs;
      if (delayMs > 0) await recorder.time('poll-wait', 'poll-wait', () => http.wait(delayMs, signal));
      const authorization = sas.newFor === 'request' ? await this.#registrationToken(attempt) : token;
      recorder.polls += 1;
      recorder.note('log', 'Checking DPS registration status.');
      const answer = await http.send({ method: 'GET', path, authorization }, exchange, recorder, signal);
      const operation = readOperation(answer, this.#profile);
      if (operation.kind !== 'assigning') return operation;
      recorder.note('log', 'DPS registration is still in progress.');
    }
    throw new TransportError('timeout', 'ASSIGNMENT_TIMEOUT', 'exceeded DPS assignment timeout threshold');
  }

  #put(
    step: 'challenge' | 'register',
    body: DeviceRegistration,
    authorization: string | undefined,
    { http, recorder, signal }: Attempt,
  ): Promise<HttpResponse> {
    const request = { method: 'PUT', path: this.#path('register'), authorization, body } as const;
    return http.send(request, { ...this.#cloud(), phase: 'register', step }, recorder, signal);
  }

  #path(what: string): string {
    const { spec, endpoint, edge } = this.#setup;
    const resource = `${endpoint.idScope}/registrations/${spec.registrationId}/${what}`;
    const path = requestPath(this.#profile, edge.endpointPath ?? '/', resource);
    return `${path}?api-version=${this.#profile.dpsApiVersion}`;
  }

  #cloud(): Pick<EdgeExchange, 'timeoutMs' | 'retries'> {
    const { cloudTimeoutSeconds, cloudRetries } = this.#setup.edge;
    const { cloud } = this.#profile;
    return {
      timeoutMs: cloudTimeoutSeconds === undefined ? cloud.timeoutMs : cloudTimeoutSeconds * 1000,
      retries: cloudRetries ?? cloud.retries,
    };
  }

  /** None for X.509, which the TLS handshake proves. */
  async #registrationToken({ security, recorder, signal }: Attempt): Promise<string | undefined> {
    if (security.attestation === 'x509') return undefined;
    const { endpoint, spec, clock, sent } = this.#setup;
    const named = security.attestation === 'tpm' || this.#profile.sas.symmetricKeyHasSkn;
    const keyName = named ? REGISTRATION_KEY_NAME : undefined;
    const resource = `${endpoint.idScope}/registrations/${spec.registrationId}`;
    const sign = (input: Uint8Array): Promise<Uint8Array> => security.sign(input, signal);
    const timed = (input: Uint8Array): Promise<Uint8Array> => {
      switch (this.#setup.spec.keyStore) {
        case 'software':
          return sign(input);
        case 'softhsm':
          return recorder.time('hsm', 'hsm.sign', () => sign(input));
        case 'swtpm':
          return recorder.time('tpm', 'tpm.sign', () => sign(input));
      }
    };
    const token = await createEdgeToken({ resource, keyName }, this.#profile, timed, clock);
    if (sent !== undefined) sent.sasToken = token;
    return token;
  }

  #prepared(): SecurityModule {
    if (this.#security === undefined) throw new InvariantError('register was called before prepare');
    return this.#security;
  }
}

const keysOf = ({ endorsementKey, storageRootKey }: TpmModule) => ({
  endorsementKey: toBase64(endorsementKey),
  storageRootKey: toBase64(storageRootKey),
});

async function importKey(
  security: TpmModule,
  blob: string,
  { recorder, signal }: Pick<Attempt, 'recorder' | 'signal'>,
): Promise<void> {
  try {
    await recorder.time('tpm', 'tpm.activate', () => security.activateIdentityKey(fromBase64(blob), signal));
  } catch (error) {
    recorder.note('log', 'could not import auth key');
    throw error;
  }
}
