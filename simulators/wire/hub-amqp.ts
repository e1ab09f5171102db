/** Names of an IoT Hub over AMQP 1.0 that both ends share. Source: the official Node, C, C# and Java SDKs. */

/** Both links of claims-based security: tokens are put here before anything else. */
export const CBS_ADDRESS = '$cbs';
export const CBS_OPERATION = 'put-token';
export const CBS_TOKEN_TYPE = 'servicebus.windows.net:sastoken';
/** Application properties of the answer to a token; the first is an int. */
export const CBS_STATUS_CODE = 'status-code';
export const CBS_STATUS_DESCRIPTION = 'status-description';

/** Where a device sends its messages to. */
export const eventsAddress = (deviceId: string): string => `/devices/${deviceId}/messages/events`;
