import type { RunningDps } from '../../simulators/index.ts';
import { describeBehaviour } from '../environment/describe-behaviour.ts';
import {
  DEVELOPMENT_GROUP_KEY,
  DEVELOPMENT_SERVICE_KEY,
  type DevelopmentAuthority,
  developmentGroup,
} from '../environment/development-authority.ts';

/** What `dps-rig emulate` prints: endpoints, who can reach them, and lines to copy for the common clients. */
export function renderBanner(
  dps: RunningDps,
  { caFile }: DevelopmentAuthority,
  options: { readonly developmentGroup: boolean },
): string {
  const { address, port, hostName } = dps.https;
  const standard = port === 443;
  const url = `https://${hostName}${standard ? '' : `:${port}`}`;
  return `dps-rig emulator

  device API      https://${address}:${port}  (HTTPS; the certificate is for ${hostName},
                  *.azure-devices-provisioning.net, *.azure-devices.net, localhost and ${address})
  MQTT            mqtts://${address}:${dps.mqtt.port}  (and in WebSockets on the port of the device API)
  AMQP            amqps://${address}:${dps.amqp.port}  (and in WebSockets on the port of the device API)
  idScope         ${dps.idScope}
  linked hubs     ${dps.hubs.join(', ')}
  management API  ${dps.management.url}  (/health /info /enrollments /registrations /devices /telemetry /requests /reset /ca.pem)
  CA to trust     ${caFile}
  service API     on the port of the device API; connection string${serviceKeyNote(dps)}:
                  ${dps.serviceConnectionString}${policyLines(dps)}
  IoT Hub         on the same port, by the hub's name; connection strings:
${hubLines(dps)}
${behaviourLine(dps)}
${standard ? standardPortNote(address, hostName) : otherPortNote(port)}
${options.developmentGroup ? developmentNote() : ''}
Node SDK (azure-iot-provisioning-device, azure-iot-provisioning-device-http):
  NODE_EXTRA_CA_CERTS=${caFile} node device.js      # host ${standard ? hostName : 'localhost'}, idScope ${dps.idScope}${standard ? '' : nodePortNote(port)}

IoT Edge, /etc/aziot/config.toml (its host must trust the CA: copy it to /usr/local/share/ca-certificates, update-ca-certificates):
  [provisioning]
  source = "dps"
  global_endpoint = "${url}"
  id_scope = "${dps.idScope}"

  [provisioning.attestation]
  method = "symmetric_key"
  registration_id = "my-edge"
  symmetric_key = { value = "<the device's key, base64>" }

curl, enroll a device and look at what came in:
  curl -s ${dps.management.url}/enrollments -H 'Content-Type: application/json' \\
    -d '{"registrationId":"dev-1","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"'$(openssl rand -base64 32)'"}}}'
  curl -s ${dps.management.url}/requests
curl, the device API (401 without a token):
  curl --cacert ${caFile} --resolve ${hostName}:${port}:${address} -X PUT -H 'Content-Type: application/json' -d '{"registrationId":"dev-1"}' \\
    '${url}/${dps.idScope}/registrations/dev-1/register?api-version=2021-06-01'

Ctrl-C ends it.
`;
}

const policyLines = ({ policyConnectionStrings }: RunningDps): string =>
  Object.values(policyConnectionStrings)
    .map((line) => `\n                  ${line}`)
    .join('');

const behaviourLine = (dps: RunningDps): string => {
  const ordered = describeBehaviour(dps);
  return ordered.length === 0 ? '' : `  not as usual    ${ordered.join(', ')}\n`;
};

const hubLines = ({ hubConnectionStrings }: RunningDps): string =>
  Object.values(hubConnectionStrings)
    .map((text) => `                  ${text}`)
    .join('\n');

const serviceKeyNote = ({ serviceConnectionString }: RunningDps): string =>
  serviceConnectionString.endsWith(`=${DEVELOPMENT_SERVICE_KEY}`)
    ? ' (DEVELOPMENT ONLY: its key is public on purpose)'
    : '';

const standardPortNote = (address: string, hostName: string): string =>
  `Port 443 is bound: every client works that speaks HTTPS, also those without a port setting (C, C#, Java, Node SDKs).
Let the real name lead here:  echo '${address} ${hostName}' | sudo tee -a /etc/hosts
`;

const otherPortNote = (port: number): string =>
  `Port ${port} is not the standard one: clients that take a port or URL work (IoT Edge, C#, Java HTTPS, curl; Node with an agent);
the C SDK cannot reach it. For port 443 run as root, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=443
`;

const nodePortNote = (port: number): string => `
  the SDK has no port setting; give its HTTP base an agent:
    const httpBase = new (require('azure-iot-http-base').Http)();
    httpBase.setOptions({ http: { agent: new (require('https').Agent)({ port: ${port} }) } });
    const transport = new (require('azure-iot-provisioning-device-http').Http)(httpBase);`;

const developmentNote = (): string =>
  `DEVELOPMENT ONLY: enrollment group "${developmentGroup.enrollmentGroupId}" admits any registrationId; its key is public on purpose:
  ${DEVELOPMENT_GROUP_KEY}
  a device's key:  echo -n my-edge | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(echo '${DEVELOPMENT_GROUP_KEY}' | base64 -d | xxd -p -c 256) -binary | base64
`;
