/** Names of IoT Hub over MQTT 3.1.1 that both ends share. Source: the published MQTT page of IoT Hub and the official SDKs. */
import { HUB_API_VERSION } from './hub-api.ts';

/** What comes from the service when it is asked about the twin. */
export const TWIN_RESPONSE_FILTER = '$iothub/twin/res/#';
export const TWIN_RESPONSE_TOPIC = '$iothub/twin/res';
export const TWIN_GET_TOPIC = '$iothub/twin/GET';
export const TWIN_REPORTED_TOPIC = '$iothub/twin/PATCH/properties/reported';
export const TWIN_DESIRED_FILTER = '$iothub/twin/PATCH/properties/desired/#';
export const METHODS_FILTER = '$iothub/methods/POST/#';

/** Properties of the system, as against the application's, begin like this. */
export const SYSTEM_PROPERTY_PREFIX = '$.';

/** Where a device, or a module of it, stands in a topic. Ids are not encoded. */
export const deviceTopic = (deviceId: string, moduleId?: string): string =>
  `devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}`;

/** Without the property bag, which comes after a slash. */
export const eventsTopic = (deviceId: string, moduleId?: string): string =>
  `${deviceTopic(deviceId, moduleId)}/messages/events`;

/** `{hub}/{clientId}/?api-version=…`; the client id of a module is `{deviceId}/{moduleId}`. */
export function hubUserName(hub: string, clientId: string, userAgent: string | undefined): string {
  const agent = userAgent === undefined ? '' : `&DeviceClientType=${encodeURIComponent(userAgent)}`;
  return `${hub}/${clientId}/?api-version=${HUB_API_VERSION}${agent}`;
}

/** `name=value&…`, percent-encoded, as the last level of a topic. */
export const formatPropertyBag = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
