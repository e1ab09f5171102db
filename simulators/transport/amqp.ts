import type { Duplex } from 'node:stream';
import rhea from 'rhea';
import { fromBase64 } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { InvariantError, TransportError } from '../kernel/errors.ts';
import {
  AMQP_PORT,
  AMQP_SUBPROTOCOL,
  API_VERSION,
  deviceAddress,
  OPERATION_ID,
  OPERATION_REGISTER,
  OPERATION_STATUS,
  OPERATION_TYPE,
  TPM_MECHANISM,
} from '../wire/amqp.ts';
import { REGISTRATION_KEY_NAME } from '../wire/constants.ts';
import type { DeviceRegistration } from '../wire/device-api.ts';
import { readAmqpReply } from './amqp-answer.ts';
import { AmqpSession } from './amqp-session.ts';
import { createTpmHandshake, type SaslClientMechanism, type TpmHandshake } from './amqp-tpm-mechanism.ts';
import type {
  DpsEndpoint,
  RegistrationReply,
  RequestProof,
  TpmProvisioningTransport,
} from './provisioning-transport.ts';
import { secureContextFor, type TlsIdentity } from './secure-context.ts';
import { openTlsConnection } from './tls-connection.ts';
import { openWebSocket } from './web-socket.ts';

interface AmqpTransportOptions {
  readonly registrationId: string;
  /** Certificate and key of an X.509 device. */
  readonly tls?: TlsIdentity | undefined;
  readonly userAgent?: string | undefined;
}

/** Makes the stream that AMQP runs on. */
type OpenStream = (signal: AbortSignal) => Promise<Duplex>;

/** One device's own AMQP connection to DPS, over TLS. */
export function createAmqpTransport(
  endpoint: DpsEndpoint,
  options: AmqpTransportOptions,
  clock: Clock,
): TpmProvisioningTransport {
  const secureContext = secureContextFor(endpoint, options.tls);
  const dialled = { ...endpoint, port: endpoint.amqpPort ?? AMQP_PORT };
  return createAmqpOver((signal) => openTlsConnection(dialled, secureContext, signal), {
    endpoint,
    clock,
    ...options,
  });
}

/** The same inside a WebSocket, on the port of HTTPS. */
export function createAmqpWsTransport(
  endpoint: DpsEndpoint,
  options: AmqpTransportOptions,
  clock: Clock,
): TpmProvisioningTransport {
  const secureContext = secureContextFor(endpoint, options.tls);
  const open: OpenStream = (signal) =>
    openWebSocket(endpoint, { secureContext, subprotocol: AMQP_SUBPROTOCOL }, signal);
  return createAmqpOver(open, { endpoint, clock, ...options });
}

const createAmqpOver = (open: OpenStream, parts: AmqpParts): TpmProvisioningTransport =>
  new AmqpTransport(open, parts);

interface AmqpParts extends Omit<AmqpTransportOptions, 'tls'> {
  readonly endpoint: DpsEndpoint;
  readonly clock: Clock;
}

/**
 * SASL comes with the first request, as that brings the proof: PLAIN with a token, TPM with its challenge, no SASL at
 * all where the certificate of the TLS handshake is the proof.
 */
class AmqpTransport implements TpmProvisioningTransport {
  readonly #open: OpenStream;
  readonly #parts: AmqpParts;
  readonly #address: string;
  #stream: Duplex | undefined;
  #session: AmqpSession | undefined;
  #handshake: TpmHandshake | undefined;

  constructor(open: OpenStream, parts: AmqpParts) {
    this.#open = open;
    this.#parts = parts;
    this.#address = deviceAddress(parts.endpoint.idScope, parts.registrationId);
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.#stream = await this.#open(signal);
  }

  async requestChallenge(
    { tpm }: DeviceRegistration,
    signal: AbortSignal,
  ): Promise<{ blob: Uint8Array; keyName: string }> {
    if (tpm?.storageRootKey === undefined) throw new InvariantError('a challenge needs EK and SRK');
    await this.#drop();
    const handshake = createTpmHandshake({
      idScope: this.#parts.endpoint.idScope,
      registrationId: this.#parts.registrationId,
      endorsementKey: fromBase64(tpm.endorsementKey),
      storageRootKey: fromBase64(tpm.storageRootKey),
    });
    const session = await this.#begin({ [TPM_MECHANISM]: handshake.mechanism }, signal);
    this.#handshake = handshake;
    const blob = await session.whileConnecting(handshake.challenge, signal);
    return { blob, keyName: REGISTRATION_KEY_NAME };
  }

  async register(
    body: DeviceRegistration,
    proof: RequestProof,
    signal: AbortSignal,
  ): Promise<RegistrationReply> {
    return this.#request({ [OPERATION_TYPE]: OPERATION_REGISTER }, JSON.stringify(body), proof, signal);
  }

  async queryOperation(
    operationId: string,
    proof: RequestProof,
    signal: AbortSignal,
  ): Promise<RegistrationReply> {
    const properties = { [OPERATION_TYPE]: OPERATION_STATUS, [OPERATION_ID]: operationId };
    return this.#request(properties, '', proof, signal);
  }

  async close(): Promise<void> {
    await this.#drop();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #request(
    properties: Readonly<Record<string, string>>,
    body: string,
    proof: RequestProof,
    signal: AbortSignal,
  ): Promise<RegistrationReply> {
    const session = await this.#authenticated(proof, signal);
    const message = {
      application_properties: { ...properties },
      body: rhea.message.data_section(Buffer.from(body)) as unknown,
    };
    return readAmqpReply(await session.request(message, signal), this.#parts.clock);
  }

  async #authenticated(proof: RequestProof, signal: AbortSignal): Promise<AmqpSession> {
    const handshake = this.#handshake;
    if (this.#session?.usable === true) {
      if (handshake !== undefined && proof.kind === 'sas') handshake.answer(proof.token);
      this.#handshake = undefined;
      return this.#session;
    }
    if (handshake !== undefined) {
      throw new TransportError(
        'send',
        'CONNECTION_LOST',
        'the connection ended before its challenge was answered',
      );
    }
    await this.#drop();
    return this.#begin(this.#mechanisms(proof), signal);
  }

  #mechanisms(proof: RequestProof): Readonly<Record<string, SaslClientMechanism>> | undefined {
    if (proof.kind === 'none') return undefined;
    const mechanisms = rhea.sasl.client_mechanisms();
    mechanisms.enable_plain(this.#address, proof.token);
    return mechanisms as unknown as Readonly<Record<string, SaslClientMechanism>>;
  }

  async #begin(
    mechanisms: Readonly<Record<string, SaslClientMechanism>> | undefined,
    signal: AbortSignal,
  ): Promise<AmqpSession> {
    const { endpoint, registrationId, userAgent } = this.#parts;
    const isOpen = this.#stream !== undefined && !this.#stream.destroyed && this.#stream.writable;
    const stream = isOpen && this.#stream !== undefined ? this.#stream : await this.#open(signal);
    this.#stream = undefined; // the session's now
    this.#session = new AmqpSession(stream, {
      hostName: endpoint.hostName,
      containerId: registrationId,
      address: this.#address,
      linkProperties: {
        [API_VERSION]: endpoint.apiVersion,
        ...(userAgent === undefined ? {} : { 'com.microsoft:client-version': userAgent }),
      },
      mechanisms,
    });
    return this.#session;
  }

  async #drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#handshake = undefined;
    await session?.close();
  }
}
