/** Names of DPS over AMQP 1.0 that both ends share. Source: the official Node, C, C# and Java SDKs. */

/** AMQP over TLS. */
export const AMQP_PORT = 5671;

/** Application property that says what a message asks for. */
export const OPERATION_TYPE = 'iotdps-operation-type';
export const OPERATION_REGISTER = 'iotdps-register';
export const OPERATION_STATUS = 'iotdps-get-operationstatus';

/** Application property with the operation that a status query is about. */
export const OPERATION_ID = 'iotdps-operation-id';

/** Seconds, an int: in the properties of a reply, and in the info of an error. */
export const RETRY_AFTER = 'retry-after';

/** Property of both links. */
export const API_VERSION = 'com.microsoft:api-version';

/** Subprotocol of AMQP over WebSocket. */
export const AMQP_SUBPROTOCOL = 'AMQPWSB10';

/** SASL mechanism of TPM attestation. */
export const TPM_MECHANISM = 'TPM';

/** In front of a part of the challenge, together with the part's number (two bits). */
export const TPM_SEGMENT = 0x80;
/** The last part. */
export const TPM_FINAL_SEGMENT = 0x40;

/** What identifies a device on the wire: SASL user name and address of both links. */
export const deviceAddress = (idScope: string, registrationId: string): string =>
  `${idScope}/registrations/${registrationId}`;
