import { createSecureContext, type SecureContext } from 'node:tls';
import rhea, { type ConnectionOptions, type EventContext, type Message } from 'rhea';
import { openBareStream } from '../bare-stream.ts';
import type { ClientJob, JobDevice } from '../client-job.ts';
import { inParallel } from '../in-parallel.ts';
import { serveParty } from '../party.ts';

/**
 * The yardstick of AMQP clients: a bare rhea loop that sends register and one status query on a fresh connection
 * for each device, with SASL PLAIN, parses both answers, and does nothing else.
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
  const address = `${job.idScope}/registrations/${registrationId}`;
  const stream = await openBareStream(job, secureContext);
  const connection = rhea.create_container().connect({
    reconnect: false,
    username: address,
    password: token,
    connection_details: () => ({
      host: job.hostName,
      port: 0,
      connect: (_port: unknown, _host: unknown, _options: unknown, connected: () => void) => {
        process.nextTick(connected); // rhea listens once it has the stream
        return stream;
      },
    }),
  } as unknown as ConnectionOptions);
  const failed = new Promise<never>((_, reject) => {
    connection.on('connection_error', ({ error }: EventContext) => reject(error ?? new Error('refused')));
    connection.on('rejected', () => reject(new Error('rejected')));
  });
  connection.on('disconnected', () => undefined);
  connection.open_receiver(address);
  const sender = connection.open_sender(address);
  const request = async (properties: Record<string, unknown>, text: string) => {
    const answered = new Promise<Message | undefined>((resolve) => {
      connection.once('message', ({ message }: EventContext) => resolve(message));
    });
    const body = rhea.message.data_section(Buffer.from(text)) as unknown;
    sender.send({ application_properties: properties, correlation_id: '1', body });
    const message = await Promise.race([answered, failed]);
    const { content } = (message as { body: { content: Buffer } }).body;
    return JSON.parse(content.toString()) as { operationId: string; status: string };
  };
  await Promise.race([new Promise((resolve) => sender.once('sendable', resolve)), failed]);
  const operation = 'iotdps-operation-type';
  const { operationId } = await request(
    { [operation]: 'iotdps-register' },
    JSON.stringify({ registrationId }),
  );
  const last = await request(
    { [operation]: 'iotdps-get-operationstatus', 'iotdps-operation-id': operationId },
    '',
  );
  if (last.status !== 'assigned') throw new Error(`not assigned: ${JSON.stringify(last)}`);
  const closed = new Promise((resolve) => connection.once('connection_close', resolve));
  connection.close();
  await closed;
}
