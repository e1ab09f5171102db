import { fromBase64 } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { TransportError } from '../kernel/errors.ts';
import { REGISTRATION_KEY_NAME } from '../wire/constants.ts';
import type { HttpResponse } from './http-exchange.ts';
import { hostHeader, KeptConnection } from './kept-connection.ts';
import type {
  DpsEndpoint,
  RegistrationReply,
  RequestProof,
  TpmProvisioningTransport,
} from './provisioning-transport.ts';
import { secureContextFor, type TlsIdentity } from './secure-context.ts';
import { parseJsonObject, parseOperationStatus, parseRetryAfter, serviceError } from './service-answer.ts';

export interface HttpsTransportOptions {
  /** Stands in every path. */
  readonly registrationId: string;
  /** Certificate and key of an X.509 device. */
  readonly tls?: TlsIdentity | undefined;
  readonly userAgent?: string | undefined;
}

/**
 * One device's own HTTPS connection to DPS. It is kept between requests and opened again when the server closed it
 * meanwhile; no TLS session is resumed, and devices share nothing but the parsed trusted roots.
 *
 * @see Azure DPS device API: PUT …/register, GET …/operations/{operationId}
 */
export function createHttpsTransport(
  endpoint: DpsEndpoint,
  options: HttpsTransportOptions,
  clock: Clock,
): TpmProvisioningTransport {
  const connection = new KeptConnection(endpoint, secureContextFor(endpoint, options.tls));
  const base = `/${encodeURIComponent(endpoint.idScope)}/registrations/${encodeURIComponent(options.registrationId)}`;
  const query = `?api-version=${endpoint.apiVersion}`;
  const commonHeaders = {
    Host: hostHeader(endpoint),
    Accept: 'application/json',
    ...(options.userAgent === undefined ? {} : { 'User-Agent': options.userAgent }),
  };
  const headersFor = (proof: RequestProof): Record<string, string> =>
    proof.kind === 'sas' ? { ...commonHeaders, Authorization: proof.token } : commonHeaders;

  const putRegistration = (
    registration: unknown,
    proof: RequestProof,
    signal: AbortSignal,
  ): Promise<HttpResponse> => {
    const body = JSON.stringify(registration);
    const headers = {
      ...headersFor(proof),
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    };
    return connection.exchange({ method: 'PUT', path: `${base}/register${query}`, headers, body }, signal);
  };

  return {
    connect: (signal) => connection.open(signal),
    register: async (body, proof, signal) => readReply(await putRegistration(body, proof, signal), clock),
    requestChallenge: async (body, signal) =>
      readChallenge(await putRegistration(body, { kind: 'none' }, signal), clock),
    queryOperation: async (operationId, proof, signal) => {
      const path = `${base}/operations/${encodeURIComponent(operationId)}${query}`;
      return readReply(
        await connection.exchange({ method: 'GET', path, headers: headersFor(proof) }, signal),
        clock,
      );
    },
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

function readReply(response: HttpResponse, clock: Clock): RegistrationReply {
  const retryAfterSeconds = parseRetryAfter(response.headers['retry-after'], clock.nowMs());
  const answer = parseJsonObject(response.body);
  if (response.status >= 300) throw serviceError(response.status, answer, retryAfterSeconds);
  if (answer === undefined) throw notJson(response);
  return { operation: parseOperationStatus(answer), retryAfterSeconds };
}

function readChallenge(response: HttpResponse, clock: Clock): { blob: Uint8Array; keyName: string } {
  const answer = parseJsonObject(response.body);
  if (response.status < 300) {
    throw new TransportError(
      'receive',
      'CHALLENGE_EXPECTED',
      `the service answered ${response.status} where a TPM challenge (401) was due`,
    );
  }
  const { authenticationKey, keyName } = answer ?? {};
  if (response.status !== 401 || typeof authenticationKey !== 'string') {
    const retryAfterSeconds = parseRetryAfter(response.headers['retry-after'], clock.nowMs());
    throw serviceError(response.status, answer, retryAfterSeconds);
  }
  return {
    blob: fromBase64(authenticationKey),
    keyName: typeof keyName === 'string' && keyName !== '' ? keyName : REGISTRATION_KEY_NAME,
  };
}

function notJson({ status, headers }: HttpResponse): TransportError {
  const contentType = headers['content-type'] ?? 'no content type';
  return new TransportError(
    'receive',
    'RESPONSE_NOT_JSON',
    `answer ${status} (${contentType}) is not a JSON object`,
  );
}
