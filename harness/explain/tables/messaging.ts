import type { ExplanationTable } from '../explanation.ts';

const mqtt311 = 'MQTT 3.1.1 §3.2.2.3';
const amqp10 = 'AMQP 1.0 Part 2 §2.8';
const sdk = 'azure-iot-sdk-node, amqp_common_errors';

/** CONNACK return codes; asked for as `CONNACK 5` or `MQTT 5`. */
export const connackCodes: ExplanationTable = {
  'CONNACK 0': {
    number: 0,
    means: 'Accepted. DPS checks a SAS token at register only, so that this says nothing of it.',
    source: `${mqtt311}; azure-docs 43157`,
  },
  'CONNACK 1': { number: 1, means: 'The protocol level is not served: only MQTT 3.1.1 is.', source: mqtt311 },
  'CONNACK 2': {
    number: 2,
    means: 'The client id is not allowed, or is not the one in the user name.',
    source: mqtt311,
  },
  'CONNACK 3': {
    number: 3,
    means: 'The service is throttled or not available; try again later.',
    source: mqtt311,
  },
  'CONNACK 4': {
    number: 4,
    means: 'User name or password are malformed.',
    source: mqtt311,
    causes: [
      {
        because: 'the user name is not {idScope}/registrations/{registrationId}/api-version=…',
        tell: 'the user name letter by letter',
        fix: 'See docs/mqtt.md for one that is taken.',
      },
    ],
  },
  'CONNACK 5': {
    number: 5,
    means: 'Not authorized.',
    source: `${mqtt311}; azure-iot-sdk-c 647`,
    texts: ['Connection refused: Not authorized'],
    causes: [
      {
        because: 'the SAS token is expired or signed with another key',
        tell: 'se against the time of the server; try the same key over HTTPS, where the answer has an errorCode',
        fix: 'As for 401000.',
        reproduce: 'conformance/mqtt-refusals.toml',
      },
      {
        because: 'the device is disabled or not known in the hub',
        tell: 'the identity in the hub',
        fix: 'Enable or create it; a device of DPS registers again.',
      },
    ],
  },
};

/** Error conditions of AMQP 1.0 and of Azure's brokers. */
export const amqpConditions: ExplanationTable = {
  'amqp:internal-error': { means: 'An error inside the service; the Node SDK tries again.', source: amqp10 },
  'amqp:not-found': { means: 'The address, device or module is not known.', source: amqp10 },
  'amqp:unauthorized-access': {
    means: 'The proof of identity is not good for this link or message.',
    source: amqp10,
    causes: [
      {
        because:
          'as 401000 and 401002 over HTTPS; the description holds the same JSON when the message itself was refused',
        tell: 'the error’s description; a failed SASL exchange has none',
        fix: 'As for 401000 and 401002.',
      },
    ],
  },
  'amqp:decode-error': { means: 'Bytes that are not AMQP.', source: amqp10 },
  'amqp:resource-limit-exceeded': { means: 'A quota or limit is used up.', source: amqp10 },
  'amqp:not-allowed': { means: 'The peer tried what it may not do on this connection.', source: amqp10 },
  'amqp:invalid-field': { means: 'A field has a value that is not allowed.', source: amqp10 },
  'amqp:not-implemented': { means: 'The peer does not offer it.', source: amqp10 },
  'amqp:resource-locked': { means: 'Somebody else holds it.', source: amqp10 },
  'amqp:precondition-failed': { means: 'The etag or state is not the expected one.', source: amqp10 },
  'amqp:resource-deleted': { means: 'It was deleted while in use.', source: amqp10 },
  'amqp:illegal-state': {
    means: 'Not possible in this state of connection, session or link.',
    source: amqp10,
  },
  'amqp:frame-size-too-small': {
    means: 'The value does not fit in a frame of the agreed size.',
    source: amqp10,
  },
  'amqp:connection:forced': { means: 'The service closes the connection; connect again.', source: amqp10 },
  'amqp:connection:framing-error': { means: 'A frame is malformed or too long.', source: amqp10 },
  'amqp:connection:redirect': { means: 'Another host serves this container.', source: amqp10 },
  'amqp:session:window-violation': { means: 'More frames than the window allows.', source: amqp10 },
  'amqp:session:errant-link': { means: 'A frame for a link that is not attached.', source: amqp10 },
  'amqp:session:handle-in-use': { means: 'The handle is taken.', source: amqp10 },
  'amqp:session:unattached-handle': { means: 'The handle names no link.', source: amqp10 },
  'amqp:link:detach-forced': { means: 'The service detaches the link; attach again.', source: amqp10 },
  'amqp:link:transfer-limit-exceeded': { means: 'More transfers than there was credit for.', source: amqp10 },
  'amqp:link:message-size-exceeded': {
    means: 'The message is larger than max-message-size.',
    source: amqp10,
  },
  'amqp:link:redirect': { means: 'Another host has the node.', source: amqp10 },
  'amqp:link:stolen': { means: 'The link was attached from another connection.', source: amqp10 },
  'com.microsoft:timeout': { means: 'The service took too long; try again.', source: sdk },
  'com.microsoft:quota-exceeded': { means: 'The quota of the hub is used up.', source: sdk },
  'com.microsoft:device-container-throttled': {
    means: 'Throttled: the hub and DPS say 429 so over AMQP; retry-after is in the error’s info.',
    source: sdk,
  },
  'com.microsoft:device-already-exists': { means: 'A device of this id exists already.', source: sdk },
  'com.microsoft:argument-error': { means: 'A value is not allowed.', source: sdk },
  'com.microsoft:argument-out-of-range': { means: 'A value is out of range.', source: sdk },
  'com.microsoft:iot-hub-suspended': { means: 'The hub is suspended.', source: sdk },
  'com.microsoft:iot-hub-not-found-error': { means: 'There is no such hub.', source: sdk },
  'com.microsoft:message-lock-lost': { means: 'The message was completed too late.', source: sdk },
  'com.microsoft:precondition-failed': { means: 'The etag is not that of the record now.', source: sdk },
};

/** Errors of the way there, by the names of Node.js and of dps-rig. */
export const networkCodes: ExplanationTable = {
  ECONNREFUSED: {
    means: 'Nothing listens at that address and port.',
    source: 'connect(2)',
    texts: ['Connection refused', 'connection refused'],
    causes: [
      {
        because: 'the service is not started, or listens on another port',
        tell: 'ss -ltn on the machine',
        fix: 'Start it, or correct the port.',
      },
      {
        because: 'EFLOW: 127.0.0.1:2321 is the TPM pass-through, and it has no host to go to',
        tell: 'iotedge-eflow 302: tpm2-socat restarts in a loop',
        fix: 'Enable the DpsTpm feature, allow ICMP from the VM, restart the VM.',
      },
    ],
  },
  ECONNRESET: {
    means: 'The peer, or something on the way, cut the connection.',
    source: 'read(2)',
    texts: ['Connection reset by peer', 'malformed DPS server response'],
    causes: [
      {
        because: 'a proxy or firewall that does not like TLS to this port',
        tell: 'the same over a WebSocket on 443',
        fix: 'Use mqtt-ws, amqp-ws or https, or open 8883 and 5671.',
      },
    ],
  },
  ETIMEDOUT: {
    means: 'No answer to the attempt to connect.',
    source: 'connect(2)',
    causes: [
      {
        because: 'a firewall drops the packets, or the network is not up yet',
        tell: 'traceroute, or a capture that shows SYN without answer',
        fix: 'Open the port; start after the network is up.',
      },
    ],
  },
  ENOTFOUND: {
    means: 'The host name has no address.',
    source: 'getaddrinfo(3)',
    causes: [
      {
        because: 'a wrong name, or no DNS (EFLOW on an internal switch has none by itself)',
        tell: 'getent hosts NAME on the device',
        fix: 'Correct the name; Set-EflowVmDNSServers.',
      },
    ],
  },
  EAI_AGAIN: { means: 'DNS did not answer; try again.', source: 'getaddrinfo(3)' },
  EHOSTUNREACH: { means: 'No route to the host.', source: 'connect(2)' },
  ENETUNREACH: { means: 'No route to the network.', source: 'connect(2)' },
  EPIPE: { means: 'Written to a connection that the peer has closed.', source: 'write(2)' },
  PROXY_UNREACHABLE: { means: 'Nobody answers at the address of the HTTP proxy.', source: 'dps-rig' },
  PROXY_AUTHENTICATION_REQUIRED: {
    means: 'The HTTP proxy wants other credentials (407).',
    source: 'RFC 9110 §15.5.8',
  },
  PROXY_REFUSED: {
    means: 'The HTTP proxy does not make a tunnel to that host and port.',
    source: 'RFC 9110 §9.3.6; azure-iot-sdk-node 794 and 1140',
  },
  PROXY_MALFORMED: { means: 'What answers as HTTP proxy does not speak HTTP/1.', source: 'RFC 9110 §9.3.6' },
  PROXY_CLOSED: {
    means: 'The HTTP proxy closed the connection before a tunnel was there.',
    source: 'dps-rig',
  },
  PROXY_TIMEOUT: {
    means: 'The HTTP proxy took the connection and did not answer; it may be waiting for the target itself.',
    source: 'dps-rig',
  },
  TIMEOUT: { means: 'The program gave up waiting; the limit is in the message.', source: 'dps-rig' },
};
