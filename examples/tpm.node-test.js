// node --test examples/tpm.node-test.js
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import httpBase from 'azure-iot-http-base';
import provisioning from 'azure-iot-provisioning-device';
import http from 'azure-iot-provisioning-device-http';
import { TpmSecurityClient } from 'azure-iot-security-tpm';
import { DpsEmulator, SoftwareTpm } from 'dps-rig/testing';
import tss from 'tss.js';

const registrationId = 'press-7';

/** One registration with the official SDK over HTTPS, whose TPM client looks for Microsoft's TPM simulator. */
function register(dps, tpm) {
  const { host, port } = tpm.simulatorSocket;
  const security = new TpmSecurityClient(registrationId, new tss.Tpm(true, host, port));
  // The SDK has no option for a port: an agent dials it.
  const base = new httpBase.Http();
  base.setOptions({ http: { agent: new Agent({ port: dps.endpoints.https.port }) } });
  const client = provisioning.ProvisioningDeviceClient.create(
    dps.endpoints.https.host,
    dps.idScope,
    new http.Http(base),
    security,
  );
  return client.register();
}

test('a device proves with its TPM who it is', async () => {
  await using dps = await new DpsEmulator().start();
  using _trust = dps.trust();
  await using tpm = await new SoftwareTpm().start();
  await dps.enroll({ registrationId, attestation: tpm.attestation, deviceId: 'hall-3-press-7' });

  await register(dps, tpm);

  const [registered] = await dps.registrations();
  assert.deepEqual([registered.status, registered.deviceId], ['assigned', 'hall-3-press-7']);
});

test('another TPM with the same registrationId is refused', async () => {
  await using dps = await new DpsEmulator().start();
  using _trust = dps.trust();
  await using tpm = await new SoftwareTpm().start();
  await using other = await new SoftwareTpm().start();
  await dps.enroll({ registrationId, attestation: tpm.attestation });

  await assert.rejects(register(dps, other));

  const [refused] = (await dps.requests()).filter(({ status }) => status === 401);
  assert.match(refused.reason, /EK/);
  assert.deepEqual(await dps.registrations(), []);
});
