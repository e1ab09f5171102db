import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { startDps } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import type { ServerLoad } from './measured-process.ts';
import { wireDevice } from './wire-registration.ts';

/** The emulator in a process of its own that measures itself when it is asked to: run with `--expose-gc` and an IPC channel. */
const dps = await startDps({ idScope: wireDevice.idScope, retryAfterSeconds: 3 });
await forget();
process.on('disconnect', () => process.exit(0));
process.on('message', () => void measure().then((load) => process.send?.(load)));
const { https, mqtt, amqp, caPem } = dps;
process.send?.({ https, mqtt, amqp, caPem });

/** What the emulator keeps on purpose (registrations, its log) is no leak. */
async function forget(): Promise<void> {
  await dps.control.reset();
  const symmetricKey = { primaryKey: toBase64(wireDevice.key) };
  const { registrationId } = wireDevice;
  await dps.control.enroll([{ registrationId, attestation: { type: 'symmetricKey', symmetricKey } }]);
}

async function measure(): Promise<ServerLoad> {
  await forget();
  // Twice and more: finalizers of native handles run between collections and free what the next one finds.
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await turn();
  }
  const memory = process.memoryUsage();
  return {
    handles: process.getActiveResourcesInfo().sort(),
    files: readdirSync('/proc/self/fd').length,
    heapBytes: memory.heapUsed + memory.external,
  };
}
