import { randomUUID } from 'node:crypto';
import { CodecError, toError } from '../../kernel/errors.ts';
import type { AmqpApplication } from '../../server/amqp-connection.ts';
import { type AmqpError, type AmqpMessage, type AmqpOutcome, amqpInt } from '../../server/amqp-message.ts';
import { plainMechanism, type SaslExchange } from '../../server/amqp-sasl.ts';
import { CBS_ADDRESS, CBS_OPERATION, CBS_STATUS_CODE, CBS_STATUS_DESCRIPTION } from '../../wire/hub-amqp.ts';
import { percentDecoded } from '../../wire/sas-resource.ts';
import { parseSasToken } from '../../wire/sas-token.ts';
import type { HubProof } from '../authenticate.ts';
import type { HubDirectory } from '../hub-directory.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { ConnectedDevice, DeviceAddress, HubService } from '../hub-service.ts';
import { answerTwinRequest } from './amqp-twin.ts';
import type { HubRequestRecord } from './https.ts';

export interface HubAmqpFrontEndParts {
  readonly directory: HubDirectory;
  readonly service: HubService;
  readonly onAnswered: (record: HubRequestRecord) => void;
}

type Ids = Omit<DeviceAddress, 'hub'>;

/**
 * The hubs over AMQP 1.0: tokens come through `$cbs` or SASL PLAIN, a certificate with the connection. The proof is judged
 * again with every message, so that an expired token and a disabled device end where they are.
 */
export const createHubAmqpFrontEnd =
  (parts: HubAmqpFrontEndParts) =>
  (chain: readonly Uint8Array[]): AmqpApplication =>
    createSession(parts, chain);

function createSession(parts: HubAmqpFrontEndParts, chain: readonly Uint8Array[]): AmqpApplication {
  const { directory, service } = parts;
  /** By device, or by device and module. */
  const tokens = new Map<string, string>();
  let hub = '';
  const connect = (ids: Ids, proof: HubProof): ConnectedDevice | HubRefusal => {
    try {
      return service.connect({ hub, ...ids }, proof);
    } catch (thrown) {
      return hubRefusals.internal(toError(thrown).message);
    }
  };
  const proofOf = ({ deviceId, moduleId }: Ids): HubProof => {
    const token = tokens.get(`${deviceId}/${moduleId ?? ''}`) ?? tokens.get(`${deviceId}/`);
    if (token !== undefined) return { kind: 'sas', token };
    return chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
  };
  const putToken = (token: string): HubRefusal | undefined => {
    const named = idsOfToken(token);
    if (named === undefined) return hubRefusals.unauthorized('the token is for no device of a hub');
    if (directory.find(hub) === undefined) hub = named.hub; // the open frame named a gateway
    const device = connect(named, { kind: 'sas', token });
    if (device.kind === 'refused') return device;
    tokens.set(`${named.deviceId}/${named.moduleId ?? ''}`, token);
    return undefined;
  };
  const note = (path: string, deviceId: string | undefined, refusal: HubRefusal | undefined): void => {
    const status = refusal?.status ?? 200;
    parts.onAnswered({
      ...{ requestId: randomUUID(), method: 'AMQP', path, deviceId },
      ...{ status, refusal, durationMs: 0 },
    });
  };

  return {
    mechanisms: {
      PLAIN: plainMechanism((userName, password) => {
        const [deviceId, hubName = ''] = userName.split('@sas.');
        hub = directory.hubs.find((one) => isCalled(one.hostName, hubName))?.hostName ?? '';
        const refusal = putToken(password);
        note('sasl', deviceId, refusal);
        return refusal === undefined;
      }),
      // Both say that a token comes later, through $cbs.
      ANONYMOUS: letIn,
      MSSBCBS: letIn,
    },
    opened: (hostName) => {
      hub = hostName;
    },
    refuseLink: (address) => {
      if (address === CBS_ADDRESS) return undefined;
      const named = parseAddress(address);
      if (named === undefined) {
        return { condition: 'amqp:not-found', description: 'the address is none of a device' };
      }
      const device = connect(named, proofOf(named));
      if (device.kind !== 'refused') return undefined;
      note(address, named.deviceId, device);
      return errorOf(device);
    },
    receive: (message, address) => {
      if (address === CBS_ADDRESS) {
        const refusal = takeToken(message, putToken);
        note(CBS_ADDRESS, idsOfToken(message.body.toString('utf8'))?.deviceId, refusal);
        return cbsAnswer(message, refusal);
      }
      const named = parseAddress(address) ?? { deviceId: '', what: '' };
      const device = connect(named, proofOf(named));
      const outcome = device.kind === 'refused' ? device : answer(device, named.what, message, service);
      const refusal = outcome.kind === 'refused' ? outcome : undefined;
      note(address, named.deviceId, refusal);
      return outcome.kind === 'refused' ? { kind: 'rejected', error: errorOf(outcome) } : outcome;
    },
    onProblem: (reason) => note('connection', undefined, hubRefusals.argumentInvalid(reason)),
  };
}

const letIn = (): SaslExchange => ({ next: () => ({ kind: 'decided', authenticated: true }) });

const isCalled = (hostName: string, name: string): boolean =>
  [hostName, hostName.split('.')[0]].some((one) => one?.toLowerCase() === name.toLowerCase());

function answer(
  device: ConnectedDevice,
  what: string,
  message: AmqpMessage,
  service: HubService,
): AmqpOutcome | HubRefusal {
  try {
    if (what === 'twin') return { kind: 'accepted', reply: answerTwinRequest(device, message, service) };
    if (what !== 'messages/events') return hubRefusals.pathNotFound(`nothing is sent to ${what}`);
    const properties = Object.fromEntries(
      Object.entries(message.applicationProperties).map(([name, value]) => [name, String(value)]),
    );
    return service.acceptTelemetry(device, { body: message.body, properties }) ?? { kind: 'accepted' };
  } catch (thrown) {
    return hubRefusals.internal(toError(thrown).message);
  }
}

function takeToken(
  { applicationProperties, body }: AmqpMessage,
  putToken: (token: string) => HubRefusal | undefined,
): HubRefusal | undefined {
  const { operation } = applicationProperties;
  return operation === CBS_OPERATION
    ? putToken(body.toString('utf8'))
    : hubRefusals.argumentInvalid(`${CBS_ADDRESS} has no operation ${String(operation).slice(0, 64)}`);
}

/** The Java SDK wants an int, the Node SDK exactly 200; both know their request by its message id. */
const cbsAnswer = ({ messageId }: AmqpMessage, refusal: HubRefusal | undefined): AmqpOutcome => ({
  kind: 'accepted',
  reply: {
    correlationId: messageId,
    applicationProperties: {
      [CBS_STATUS_CODE]: amqpInt(refusal?.status ?? 200),
      [CBS_STATUS_DESCRIPTION]: refusal?.message ?? 'OK',
    },
    body: Buffer.alloc(0),
  },
});

function idsOfToken(token: string): DeviceAddress | undefined {
  try {
    const resource = percentDecoded(parseSasToken(token).sr);
    const [hub = ''] = resource.split('/');
    const named = parseAddress(resource.slice(hub.length + 1));
    return named && { ...named, hub };
  } catch (thrown) {
    if (thrown instanceof CodecError) return undefined;
    throw thrown;
  }
}

/** `devices/{id}[/modules/{id}][/{what}]`; the SDKs differ in the case of the last part. */
function parseAddress(address: string): (Ids & { readonly what: string }) | undefined {
  const found = /^devices\/(?<device>[^/]+)(?:\/modules\/(?<module>[^/]+))?(?:\/(?<what>.+))?$/.exec(address);
  const { device, module, what = '' } = found?.groups ?? {};
  if (device === undefined) return undefined;
  const decoded = { deviceId: percentDecoded(device), what: what.toLowerCase() };
  return module === undefined ? decoded : { ...decoded, moduleId: percentDecoded(module) };
}

const conditions: Readonly<Record<number, string>> = {
  400: 'com.microsoft:argument-error',
  401: 'amqp:unauthorized-access',
  404: 'amqp:not-found',
  413: 'amqp:link:message-size-exceeded',
};

const errorOf = ({ status, message }: HubRefusal): AmqpError => ({
  condition: conditions[status] ?? 'amqp:internal-error',
  description: message,
});
