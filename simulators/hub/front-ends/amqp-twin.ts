import { type AmqpMessage, type AmqpReply, amqpInt, amqpLong } from '../../server/amqp-message.ts';
import type { TwinObject } from '../hub-identity.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { ConnectedDevice, HubService } from '../hub-service.ts';

/** What a twin request asks for stands in the message's annotations, and so does the status of its answer. */
export function answerTwinRequest(
  device: ConnectedDevice,
  { annotations, body }: AmqpMessage,
  service: HubService,
): AmqpReply {
  const { operation, resource } = annotations;
  switch (operation) {
    case 'GET': {
      const { desired, desiredVersion, reported, reportedVersion } = service.readTwin(device);
      return respond(200, {
        desired: { ...desired, $version: desiredVersion },
        reported: { ...reported, $version: reportedVersion },
      });
    }
    case 'PATCH': {
      const patch = resource === '/properties/reported' ? parseObject(body) : undefined;
      if (patch === undefined)
        return refused(hubRefusals.deserialization('no JSON object of reported properties'));
      return respond(204, undefined, service.reportProperties(device, patch).reportedVersion);
    }
    case 'PUT': // desired properties are subscribed to, and no longer: nothing is sent from here
    case 'DELETE':
      return respond(204, undefined);
    default:
      return refused(
        hubRefusals.argumentInvalid(`a twin has no operation ${String(operation).slice(0, 64)}`),
      );
  }
}

const refused = ({ status, errorCode, message }: HubRefusal): AmqpReply =>
  respond(status, { errorCode, message });

const respond = (status: number, body: unknown, version?: number): AmqpReply => ({
  annotations: {
    status: amqpInt(status),
    ...(version === undefined ? {} : { version: amqpLong(version) }),
  },
  body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
});

function parseObject(body: Buffer): TwinObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as TwinObject)
      : undefined;
  } catch {
    return undefined;
  }
}
