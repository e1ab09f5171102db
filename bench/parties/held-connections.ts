import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { systemClock } from '../../simulators/kernel/clock.ts';
import type { ProvisioningTransport } from '../../simulators/transport/provisioning-transport.ts';
import { transports } from '../../simulators/transport/table.ts';
import { openBareStream } from '../bare-stream.ts';
import type { ClientJob } from '../client-job.ts';
import { inParallel } from '../in-parallel.ts';
import { memoryMeter } from '../memory-meter.ts';
import { serveParty } from '../party.ts';

/** Connections that stay open until `release`: those of registered devices, or bare TLS connections for comparison. */
const held: (ProvisioningTransport | Duplex)[] = [];

serveParty({
  /** Each device on a connection of its own, assigned, and still connected. @returns how many were assigned */
  devices: async (job: ClientJob) => {
    const { hostName, idScope, port, mqttPort, amqpPort, caPem, transport: kind = 'mqtt' } = job;
    const ports = { port, mqttPort, amqpPort };
    const endpoint = { hostName, address: '127.0.0.1', ...ports, idScope, apiVersion: '2021-06-01', caPem };
    const { signal } = new AbortController();
    let assigned = 0;
    await inParallel(job.devices, job.concurrency, async ({ registrationId, token }) => {
      const transport = transports[kind](endpoint, { registrationId }, systemClock);
      held.push(transport);
      const proof = { kind: 'sas', token } as const;
      await transport.connect(signal);
      const accepted = await transport.register({ registrationId }, proof, signal);
      const { operationId } = accepted.operation;
      const { operation } = await transport.queryOperation(operationId, proof, signal);
      if (operation.status === 'assigned') assigned += 1;
    });
    return assigned;
  },
  bare: async (job: ClientJob) => {
    const secureContext = createSecureContext({ ca: job.caPem });
    await inParallel(job.devices, job.concurrency, async () => {
      held.push(await openBareStream(job, secureContext));
    });
    return held.length;
  },
  release: async () => {
    for (const each of held.splice(0)) {
      if ('destroy' in each) each.destroy();
      else await each.close();
    }
  },
  ...memoryMeter(),
});
