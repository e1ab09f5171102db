import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import type { MqttConnectPacket, MqttPeer, OpenMqttApplication } from '../../server/mqtt-connection.ts';
import { eventsTopic } from '../../wire/hub-mqtt.ts';
import { returnCodes } from '../../wire/mqtt.ts';
import { withoutPort } from '../../wire/sas-resource.ts';
import { parseSasToken } from '../../wire/sas-token.ts';
import type { HubProof } from '../authenticate.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { ConnectedDevice, DeviceAddress, HubService } from '../hub-service.ts';
import type { HubRequestRecord } from './https.ts';
import { createHubMqttSession, propertiesOfTopic } from './mqtt-session.ts';

export interface HubMqttFrontEndParts {
  readonly service: HubService;
  readonly clock: Clock;
  readonly onAnswered: (record: HubRequestRecord) => void;
}

/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The hubs over MQTT 3.1.1: user name, return codes, and one connection for each device and each module of it. Every
 * decision is the core's.
 */
export function createHubMqttFrontEnd(parts: HubMqttFrontEndParts): OpenMqttApplication {
  const connected = new Map<string, MqttPeer>();
  return (chain) => {
    let deviceId: string | undefined;
    const record = (method: string, path: string, refusal: HubRefusal | undefined): void => {
      const status = refusal?.status ?? 200;
      parts.onAnswered({ requestId: randomUUID(), method, path, deviceId, status, refusal, durationMs: 0 });
    };
    return {
      connect: (packet, peer) => {
        const address = parseHubUserName(packet.userName ?? '');
        deviceId = address?.deviceId;
        if (address === undefined) {
          const reason = 'the user name is no {hub}/{deviceId}/?api-version=…';
          record('MQTT', 'CONNECT', hubRefusals.argumentInvalid(reason));
          return { refused: returnCodes.badUserNameOrPassword };
        }
        const device = signIn(address, packet, chain, parts.service);
        record('MQTT', 'CONNECT', device.kind === 'refused' ? device : undefined);
        if (device.kind === 'refused') return { refused: returnCodeOf(device) };
        const seat = `${device.registry.hostName}/${clientIdOf(address)}`;
        connected.get(seat)?.close('another connection came for the same device'); // [MQTT-3.1.4-2]
        connected.set(seat, peer);
        const session = createHubMqttSession(device, {
          ...parts,
          record: (path, refusal) => record('MQTT PUBLISH', path, refusal),
        });
        const expiry = closeAtExpiry(packet, peer, parts.clock);
        return {
          ...session,
          closed: (reason) => {
            clearTimeout(expiry);
            if (connected.get(seat) === peer) connected.delete(seat);
            if (reason === 'lost') sendWill(device, packet, session);
          },
        };
      },
      onProblem: (reason) => record('MQTT', 'connection', hubRefusals.argumentInvalid(reason)),
    };
  };
}

function signIn(
  address: DeviceAddress,
  packet: MqttConnectPacket,
  chain: readonly Uint8Array[],
  service: HubService,
): ConnectedDevice | HubRefusal {
  const { clientId, will } = packet;
  if (clientId !== clientIdOf(address)) {
    return hubRefusals.unauthorized(`client id ${clientId.slice(0, 128)} is not ${clientIdOf(address)}`);
  }
  if (will !== undefined && propertiesOfTopic(will.topic, address) === undefined) {
    return hubRefusals.argumentInvalid(`a will goes to ${eventsTopic(address.deviceId, address.moduleId)}/`);
  }
  try {
    return service.connect(address, proofOf(packet, chain));
  } catch (thrown) {
    return hubRefusals.internal(toError(thrown).message);
  }
}

/** Who is gone without a word has its will sent, and the message says what it is. */
function sendWill(
  device: ConnectedDevice,
  { will }: MqttConnectPacket,
  session: Pick<ReturnType<typeof createHubMqttSession>, 'takeTelemetry'>,
): void {
  if (will === undefined) return;
  const { identity, module } = device;
  const address = { deviceId: identity.deviceId, moduleId: module?.moduleId };
  const properties = { ...propertiesOfTopic(will.topic, address), 'iothub-MessageType': 'Will' };
  session.takeTelemetry(will.payload, properties);
}

/** A token lets its device in until it expires, and no longer. */
function closeAtExpiry({ password }: MqttConnectPacket, peer: MqttPeer, clock: Clock) {
  if (!password) return undefined;
  const leftMs = parseSasToken(password).se * 1000 - clock.nowMs(); // the core has let it in: it can be read
  if (leftMs > LONGEST_TIMER_MS) return undefined;
  return setTimeout(() => peer.close('the token has expired'), leftMs).unref();
}

/** `{hub}/{deviceId}[/{moduleId}]/?api-version=…`; old clients have no question mark, or nothing after the ids. */
function parseHubUserName(userName: string): DeviceAddress | undefined {
  const [path = ''] = userName.split(/\/\?|\/api-version=/);
  const [host = '', deviceId, moduleId, ...more] = path.split('/').filter((part) => part !== '');
  if (deviceId === undefined || more.length > 0) return undefined;
  return { hub: withoutPort(host), deviceId, moduleId };
}

const clientIdOf = ({ deviceId, moduleId }: DeviceAddress): string =>
  moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;

/** CONNACK has no more to say: what is known of devices is nobody's business who cannot prove to be one. */
const returnCodeOf = ({ status }: HubRefusal) =>
  status >= 500 ? returnCodes.serverUnavailable : returnCodes.notAuthorized;

/** A client certificate counts only where no token came: one port serves both. */
function proofOf({ password }: MqttConnectPacket, chain: readonly Uint8Array[]): HubProof {
  if (password !== undefined && password !== '') return { kind: 'sas', token: password };
  return chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
}
