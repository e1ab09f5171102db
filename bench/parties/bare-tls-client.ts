import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import { openTlsConnection } from '../../simulators/transport/tls-connection.ts';
import { openBareStream } from '../bare-stream.ts';
import type { ClientJob } from '../client-job.ts';
import { inParallel } from '../in-parallel.ts';
import { serveParty } from '../party.ts';

/**
 * The floor under every transport: a TLS connection of its own for each device, the server's certificate verified, and
 * closed. Nothing is sent. Opened by `tls.connect` with Node's defaults, or as our clients open theirs.
 */
serveParty({
  node: (job: ClientJob) => openAndClose(job, (context) => openBareStream(job, context)),
  own: (job: ClientJob) => {
    const { hostName, caPem, mqttPort = 0 } = job;
    const endpoint = { hostName, address: '127.0.0.1', port: mqttPort, caPem };
    const { signal } = new AbortController();
    return openAndClose(job, (context) => openTlsConnection(endpoint, context, signal));
  },
});

async function openAndClose(
  { caPem, devices, concurrency }: ClientJob,
  open: (context: SecureContext) => Promise<Duplex>,
): Promise<void> {
  const secureContext = createSecureContext({ ca: caPem });
  await inParallel(devices, concurrency, async () => {
    const stream = await open(secureContext);
    const closed = once(stream, 'close');
    stream.resume();
    stream.end();
    await closed;
  });
}
