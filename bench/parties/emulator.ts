import { type RunningDps, startDps } from '../../simulators/index.ts';
import type { JobDevice } from '../client-job.ts';
import { cpuMeter } from '../cpu-meter.ts';
import { memoryMeter } from '../memory-meter.ts';
import { serveParty } from '../party.ts';

/** The emulator in a process of its own. */
let dps: RunningDps | undefined;

serveParty({
  listen: async (options: { idScope: string; dataDir?: string; serviceKey?: string }) => {
    dps = await startDps({
      httpsPort: 0,
      managementPort: 0,
      retryAfterSeconds: 0,
      assigningDurationMs: 0,
      ...options,
    });
    return {
      port: dps.https.port,
      mqttPort: dps.mqtt.port,
      amqpPort: dps.amqp.port,
      caPem: dps.caPem,
    };
  },
  enroll: async (devices: readonly JobDevice[]) => {
    await dps?.control.enroll(
      devices.map(({ registrationId, key }) => ({
        registrationId,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
      })),
    );
  },
  enrollMany: async (count: number) => {
    const primaryKey = Buffer.alloc(32, 1).toString('base64');
    for (let at = 0; at < count; at += 10_000) {
      await dps?.control.enroll(
        Array.from({ length: Math.min(10_000, count - at) }, (_, index) => ({
          registrationId: `many-${at + index}`,
          attestation: { type: 'symmetricKey', symmetricKey: { primaryKey } },
        })),
      );
    }
  },
  ...memoryMeter(),
  ...cpuMeter(),
});
