import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHubToken } from '../../simulators/device/hub-token.ts';
import type { DeviceSpec } from '../../simulators/index.ts';
import {
  connectDpsControl,
  createDevice,
  createFleetAuthority,
  groupEnrollments,
  issueCredentials,
} from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { createSoftwareSymmetricKey } from '../../simulators/security/symmetric-key.ts';
import { createHubHttpsTransport } from '../../simulators/transport/hub-https.ts';
import { spawnEmulator } from '../support/emulator-process.ts';

const { signal } = new AbortController();

describe('an emulator with a data directory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dps-rig-restart-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const start = () => spawnEmulator('--state-dir', join(folder, 'state'), '--data-dir', join(folder, 'data'));

  it('knows after kill -9 the device that registered before, and its hub takes messages of it', async () => {
    const authority = await createFleetAuthority();
    const spec: DeviceSpec = {
      ...{ index: 0, registrationId: 'dev-01', attestation: 'symmetric-key', enrollment: 'group' },
      ...{ keyStore: 'software', transport: 'https', client: 'native', platform: 'linux' },
    };
    const { credentials } = await issueCredentials(spec, authority);
    if (credentials.kind !== 'symmetric-key') throw new Error('another kind of credentials');

    const first = await start();
    const control = connectDpsControl(first.started.managementUrl);
    await control.enroll(groupEnrollments(authority, [spec]));
    const endpoint = {
      ...{ hostName: 'global.azure-devices-provisioning.net', apiVersion: '2021-06-01' },
      ...{ ...first.started.https, idScope: first.started.idScope, caPem: first.started.caPem },
    };
    const device = createDevice(spec, credentials, { endpoint, seed: 1, attemptTimeoutMs: 20_000 });
    await device.prepare(signal);
    const { result } = await device.register(signal);
    await device[Symbol.asyncDispose]();
    if (result.kind !== 'assigned') throw new Error(JSON.stringify(result));
    const connectionStrings = first.started.serviceConnectionString;
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const second = await start();
    try {
      expect(second.started.serviceConnectionString.split(';').at(-1)).toBe(
        connectionStrings.split(';').at(-1),
      );
      const after = connectDpsControl(second.started.managementUrl);
      expect(await after.registrations()).toMatchObject([{ registrationId: 'dev-01', status: 'assigned' }]);
      expect(await after.devices()).toMatchObject([{ hub: result.assignedHub, deviceId: 'dev-01' }]);
      const hub = { hub: result.assignedHub, deviceId: result.deviceId };
      const { caPem } = second.started;
      await using transport = createHubHttpsTransport(
        { ...second.started.https, hostName: result.assignedHub, caPem },
        hub,
      );
      const { sign } = createSoftwareSymmetricKey(credentials.key);
      const token = await createHubToken(hub, (input) => sign(input, signal), systemClock);
      await transport.connect({ kind: 'sas', token }, signal);
      await transport.sendTelemetry({ body: '{}', properties: {} }, signal);
      expect(await after.telemetry()).toMatchObject([{ deviceId: 'dev-01', hub: result.assignedHub }]);
    } finally {
      second.child.kill('SIGINT');
      await once(second.child, 'exit');
    }
  }, 60_000);
});
