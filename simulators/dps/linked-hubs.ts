import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TrustedAuthorities } from '../hub/check-certificate.ts';
import { createHubAmqpFrontEnd } from '../hub/front-ends/amqp.ts';
import { createHubHttpsFrontEnd, type HubRequestRecord, isHubRequest } from '../hub/front-ends/https.ts';
import { createHubMqttFrontEnd } from '../hub/front-ends/mqtt.ts';
import { HubDirectory } from '../hub/hub-directory.ts';
import { HUB_OWNER_POLICY, type HubPolicy, hubPolicyRights } from '../hub/hub-policy.ts';
import { createHubService, type HubService } from '../hub/hub-service.ts';
import { type DeviceToProvision, provisionDevice } from '../hub/provision-device.ts';
import type { Clock } from '../kernel/clock.ts';
import { type AmqpApplication, type OpenAmqpApplication, serveAmqp } from '../server/amqp-connection.ts';
import type { SaslExchange } from '../server/amqp-sasl.ts';
import { type MqttApplication, type OpenMqttApplication, serveMqtt } from '../server/mqtt-connection.ts';
import type { RecordStorage } from '../storage/collection.ts';
import { CBS_ADDRESS } from '../wire/hub-amqp.ts';
import { serviceTime } from '../wire/service-time.ts';
import { readKey } from './check-options.ts';
import type { LoggedRequest } from './dps-control.ts';
import { keptKey } from './kept-key.ts';
import type { RequestLog } from './request-log.ts';

/** The IoT Hubs behind an instance: what DPS tells them, and what they answer. */
export interface LinkedHubServices {
  readonly directory: HubDirectory;
  readonly service: HubService;
  /** Makes a device known at its hub. */
  readonly provision: (device: DeviceToProvision) => void;
  /** Requests by name: those for a hub go to it, all others to DPS. */
  readonly routeByHost: (dps: RequestListener) => RequestListener;
  /** MQTT connections by the name that a client gives itself: DPS is asked for by its idScope, a hub by its host name. */
  readonly routeByUserName: (
    dps: OpenMqttApplication,
  ) => (stream: Duplex, chain: readonly Uint8Array[]) => void;
  /** AMQP connections by the host name of their open frame; before it by the user name, if one comes. */
  readonly routeByHostName: (
    dps: OpenAmqpApplication,
  ) => (stream: Duplex, chain: readonly Uint8Array[]) => void;
  /** By host name of the hub, for its policy `iothubowner`. */
  readonly connectionStrings: Readonly<Record<string, string>>;
}

/** @throws UsageError when the key is not base64 */
export function createLinkedHubs(options: {
  readonly hubs: readonly string[];
  readonly storage: RecordStorage;
  /** Key of the policies of every hub, base64; one that is kept when absent. */
  readonly hubKey: string | undefined;
  /** Verified CAs of the instance: the hubs believe them too. */
  readonly authorities: TrustedAuthorities;
  readonly log: RequestLog;
  readonly clock: Clock;
}): LinkedHubServices {
  const { hubs, storage, authorities, log, clock } = options;
  const hubKey = options.hubKey ?? keptKey(storage, 'hub');
  const directory = new HubDirectory(hubs, storage);
  const policies = hubPolicies(readKey(hubKey, 'hub key'));
  const service = createHubService({ directory, policies, clock, authorities });
  const onAnswered = (record: HubRequestRecord): void => {
    log.add(logEntry(record, clock));
  };
  const frontEnd = createHubHttpsFrontEnd({
    ...{ directory, service, policies, clock, authorities, onAnswered },
  });
  const mqtt = createHubMqttFrontEnd({ service, clock, onAnswered });
  const amqp = createHubAmqpFrontEnd({ directory, service, onAnswered });
  return {
    directory,
    service,
    provision: (device) => {
      provisionDevice(device, directory);
    },
    routeByHost: (dps) => (request, response) => {
      (isHubRequest(request, directory) ? frontEnd : dps)(request, response);
    },
    routeByUserName: (dps) => (stream, chain) => serveMqtt(stream, eitherMqtt(dps(chain), mqtt(chain))),
    routeByHostName: (dps) => (stream, chain) =>
      serveAmqp(stream, eitherAmqp(dps(chain), amqp(chain), directory)),
    connectionStrings: Object.fromEntries(
      hubs.map((hub) => [
        hub,
        `HostName=${hub};SharedAccessKeyName=${HUB_OWNER_POLICY};SharedAccessKey=${hubKey}`,
      ]),
    ),
  };
}

/** The first packet says who is meant; whatever goes wrong before it is DPS's to tell. */
function eitherMqtt(dps: MqttApplication, hub: MqttApplication): MqttApplication {
  let chosen = dps;
  return {
    connect: (packet, peer) => {
      chosen = isForHub(packet.userName ?? '') ? hub : dps;
      return chosen.connect(packet, peer);
    },
    onProblem: (reason) => chosen.onProblem?.(reason),
  };
}

/** Whatever goes wrong before the open frame is DPS's to tell. */
function eitherAmqp(dps: AmqpApplication, hub: AmqpApplication, directory: HubDirectory): AmqpApplication {
  let chosen = dps;
  return {
    mechanisms: {
      ...hub.mechanisms,
      ...dps.mechanisms,
      PLAIN: () => {
        let exchange: SaslExchange | undefined;
        return {
          next: (response) => {
            const either = response.includes('@sas.') ? hub : dps;
            exchange ??= either.mechanisms['PLAIN']?.();
            return exchange?.next(response) ?? { kind: 'decided', authenticated: false };
          },
        };
      },
    },
    opened: (hostName) => {
      chosen = directory.find(hostName) === undefined ? dps : hub;
      chosen.opened?.(hostName);
    },
    refuseLink: (address, properties) => {
      // A device behind a gateway names that in its open frame; no idScope is called like this.
      if (address === CBS_ADDRESS || address.startsWith('devices/')) chosen = hub;
      return chosen.refuseLink(address, properties);
    },
    receive: (message, address) => chosen.receive(message, address),
    onProblem: (reason) => chosen.onProblem?.(reason),
  };
}

/** An idScope has no dot, and a host name of a hub always has. */
const isForHub = (userName: string): boolean => userName.split('/')[0]?.includes('.') ?? false;

/** One key for all: who starts an emulator has all rights anyway, and each name still has its own rights only. */
const hubPolicies = (key: Uint8Array): readonly HubPolicy[] =>
  Object.entries(hubPolicyRights).map(([name, rights]) => ({ name, key, rights }));

function logEntry({ refusal, deviceId, ...record }: HubRequestRecord, clock: Clock): LoggedRequest {
  const { errorCode, reason } = refusal ?? {};
  return { ...record, at: serviceTime(clock.nowMs()), registrationId: deviceId, errorCode, reason };
}
