import { once } from 'node:events';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startDps } from '../../simulators/index.ts';
import { createRigProgram } from '../support/rig-program.ts';

const rotation = fileURLToPath(new URL('../../scenarios/conformance/root-rotation.toml', import.meta.url));

/** @returns `trusted`, or why the server's certificate is not */
async function trust(port: number, caPem: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: caPem, servername: 'localhost' });
  try {
    await once(socket, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    socket.destroy();
  }
}

it('the servers present a certificate of another root from then on, on every port', async () => {
  await using dps = await startDps({ serverRootRotatesAfterSeconds: 2 });
  const [before = '', after = ''] = dps.caPem.split(/(?<=-----END CERTIFICATE-----\n)/);
  const ports = [dps.https.port, dps.mqtt.port, dps.amqp.port];
  for (const port of ports) expect(await trust(port, before)).toBe('trusted');
  await expect.poll(() => trust(dps.https.port, after), { timeout: 20_000 }).toBe('trusted');
  for (const port of ports) {
    await expect.poll(() => trust(port, after), { timeout: 20_000 }).toBe('trusted');
    expect(await trust(port, before)).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
    expect(await trust(port, dps.caPem)).toBe('trusted');
  }
});

it('devices that trust both are all assigned, over every transport', async () => {
  await using rig = createRigProgram();
  const { exitCode, stdout, stderr } = await rig.run('run', rotation, '--out', rig.out);
  expect(exitCode, stdout + stderr).toBe(0);
  const { outcomes, durationMs } = rig.result();
  expect(outcomes.assigned).toBe(160);
  expect(durationMs).toBeGreaterThan(5_000); // it was in the middle
});
