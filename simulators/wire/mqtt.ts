/** Names of DPS over MQTT 3.1.1 that both ends share. Source: the published protocol page of DPS and the official SDKs. */

/** Name that a WebSocket with MQTT inside is asked for by. */
export const MQTT_SUBPROTOCOL = 'mqtt';

/** What a device subscribes to before it asks for anything. */
export const RESPONSE_FILTER = '$dps/registrations/res/#';
export const RESPONSE_TOPIC = '$dps/registrations/res';
export const REGISTER_TOPIC = '$dps/registrations/PUT/iotdps-register';
export const STATUS_TOPIC = '$dps/registrations/GET/iotdps-get-operationstatus';

/** Return codes of CONNACK. @see MQTT 3.1.1 §3.2.2.3 */
export const returnCodes = {
  accepted: 0,
  unacceptableProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const;

/** "Failure" in the place of a granted QoS. @see MQTT 3.1.1 §3.9.3 */
export const SUBSCRIPTION_REFUSED = 0x80;
