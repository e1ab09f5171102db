import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDevice } from '../../simulators/device/device.ts';
import { specOf } from '../../simulators/device/testing/specs.ts';
import { type RunningDps, startDps } from '../../simulators/index.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../../simulators/wire/constants.ts';

const never = new AbortController().signal;
const deviceId = 'dev-01';
const cells = (['native', 'azure-sdk'] as const).flatMap((client) =>
  (['mqtt', 'mqtt-ws'] as const).map((transport) => ({ client, transport })),
);

/** Devices without DPS at a hub, over real sockets. */
describe.each(cells)(
  'a device with the $client client at its hub over $transport',
  ({ client, transport }) => {
    let dps: RunningDps;
    beforeAll(async () => {
      dps = await startDps();
    });
    afterAll(() => dps[Symbol.asyncDispose]());
    beforeEach(() => dps.control.reset());

    /** @param key the device's own, in base64 */
    async function visit(key: string) {
      const { https, mqtt, idScope, caPem, hubs } = dps;
      const spec = specOf({ registrationId: deviceId, enrollment: 'manual', client, transport });
      const endpoint = {
        ...{
          hostName: GLOBAL_DEVICE_ENDPOINT,
          address: https.address,
          port: https.port,
          mqttPort: mqtt.port,
        },
        ...{ idScope, caPem, apiVersion: '2021-06-01' },
      };
      await using device = createDevice(
        spec,
        { kind: 'symmetric-key', key },
        { endpoint, hubs, seed: 1, attemptTimeoutMs: 10_000 },
      );
      await device.prepare(never);
      return await device.register(never);
    }
    async function createInHub(): Promise<{ hub: string; key: string }> {
      const [hub = ''] = dps.hubs;
      const key = randomBytes(32).toString('base64');
      const authentication = { type: 'sas', primaryKey: key, secondaryKey: key } as const;
      await dps.control.createDevices([{ hub, deviceId, authentication }]);
      return { hub, key };
    }

    it('sends its message there, and nothing else', async () => {
      const { hub, key } = await createInHub();
      const { result, phasesMs } = await visit(key);
      expect(result).toMatchObject({ kind: 'assigned', assignedHub: hub, deviceId });
      expect(Object.keys(phasesMs).sort()).toEqual(['hub-connect', 'telemetry']);
      expect(await dps.control.telemetry()).toMatchObject([
        { hub, deviceId, properties: { registrationid: deviceId } },
      ]);
      expect(await dps.control.requests()).toMatchObject([
        { method: 'MQTT', path: 'CONNECT', status: 200 },
        { method: 'MQTT PUBLISH', path: `devices/${deviceId}/messages/events`, status: 200 },
      ]);
    });

    it('is refused with another key, as over HTTPS', async () => {
      await createInHub();
      const { result } = await visit(randomBytes(32).toString('base64'));
      expect(result).toMatchObject({
        kind: 'error',
        error: { name: 'HubServiceError', code: 'HUB_401', details: { status: 401 } },
      });
      expect(await dps.control.telemetry()).toEqual([]);
    });

    it('is refused where nobody knows it', async () => {
      const { result } = await visit(randomBytes(32).toString('base64'));
      expect(result).toMatchObject({ kind: 'error', error: { code: 'HUB_401' } });
      expect(await dps.control.requests()).toMatchObject([{ path: 'CONNECT', status: 404 }]);
    });
  },
);
