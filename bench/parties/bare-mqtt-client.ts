import { once } from 'node:events';
import { createSecureContext, type SecureContext } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';
import { openBareStream } from '../bare-stream.ts';
import type { ClientJob, JobDevice } from '../client-job.ts';
import { inParallel } from '../in-parallel.ts';
import { serveParty } from '../party.ts';

/**
 * The yardstick of MQTT clients: CONNECT, SUBSCRIBE, register and one status query through bare mqtt-packet on a fresh
 * connection for each device, both answers parsed, and nothing else.
 */
serveParty({
  run: async (job: ClientJob) => {
    const secureContext = createSecureContext({ ca: job.caPem });
    await inParallel(job.devices, job.concurrency, (device) => register(job, device, secureContext));
  },
});

async function register(
  job: ClientJob,
  { registrationId, token }: JobDevice,
  secureContext: SecureContext,
): Promise<void> {
  const stream = await openBareStream(job, secureContext);
  const packets = parser({ protocolVersion: 4 });
  stream.on('data', (chunk: Buffer) => packets.parse(chunk));
  const exchange = async (packet: Packet, answer: Packet['cmd']): Promise<Packet> => {
    const answered = new Promise<Packet>((resolve, reject) => {
      const take = (received: Packet): void => {
        if (received.cmd !== answer) return;
        packets.off('packet', take);
        resolve(received);
      };
      packets.on('packet', take);
      stream.once('close', () => reject(new Error(`closed before ${answer}`)));
    });
    stream.write(generate(packet));
    return answered;
  };
  const ask = async (topic: string, payload: string, messageId: number): Promise<Record<string, unknown>> => {
    const message = { cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId } as const;
    const received = await exchange(message, 'publish');
    if (received.cmd !== 'publish') throw new Error(received.cmd);
    return JSON.parse(received.payload.toString()) as Record<string, unknown>;
  };
  const username = `${job.idScope}/registrations/${registrationId}/api-version=2019-03-31`;
  await exchange(
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: registrationId,
      keepalive: 180,
      username,
      password: Buffer.from(token),
    },
    'connack',
  );
  const topic = '$dps/registrations/res/#';
  await exchange({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] }, 'suback');
  const registered = '$dps/registrations/PUT/iotdps-register/?$rid=1';
  const { operationId } = await ask(registered, JSON.stringify({ registrationId }), 2);
  const status = `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${String(operationId)}`;
  const last = await ask(status, '', 3);
  if (last['status'] !== 'assigned') throw new Error(`not assigned: ${JSON.stringify(last)}`);
  const closed = once(stream, 'close');
  stream.write(generate({ cmd: 'disconnect' }));
  stream.end();
  await closed;
}
