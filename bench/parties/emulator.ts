import { type RunningDps, startDps } from '../../simulators/index.ts';
import type { JobDevice } from '../client-job.ts';
import { cpuMeter } from '../cpu-meter.ts';
import { serveParty } from '../party.ts';

/** The emulator in a process of its own. */
let dps: RunningDps | undefined;

serveParty({
  listen: async (options: { idScope: string }) => {
    dps = await startDps({
      httpsPort: 0,
      managementPort: 0,
      retryAfterSeconds: 0,
      assigningDurationMs: 0,
      ...options,
    });
    return { port: dps.https.port, amqpPort: dps.amqp.port, caPem: dps.caPem };
  },
  enroll: async (devices: readonly JobDevice[]) => {
    await dps?.control.enroll(
      devices.map(({ registrationId, key }) => ({
        registrationId,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
      })),
    );
  },
  ...cpuMeter(),
});
