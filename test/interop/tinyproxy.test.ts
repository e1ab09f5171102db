import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../simulators/processes/wait-for.ts';
import { createRigProgram } from '../support/rig-program.ts';

const missing = ((): string | undefined => {
  try {
    execFileSync('tinyproxy', ['-v']);
    return undefined;
  } catch {
    return 'tinyproxy is not installed (apt-get install tinyproxy)';
  }
})();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

describe.skipIf(missing !== undefined)('tinyproxy, which nobody here wrote', () => {
  it('carries devices of both clients over HTTPS and WebSockets', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dps-rig-tinyproxy-'));
    const port = await freePort();
    const configuration = join(directory, 'tinyproxy.conf');
    writeFileSync(
      configuration,
      `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nMaxClients 100\nTimeout 60\nBasicAuth fleet secret\nLogFile "${join(directory, 'log')}"\n`,
    );
    const proxy = spawn('tinyproxy', ['-d', '-c', configuration], { stdio: 'ignore' });
    await using rig = createRigProgram();
    try {
      await untilListening(port);
      const file = rig.scenario(
        'name = "tinyproxy"\n[run]\nhubConnect = "telemetry"\n[[fleet]]\ndevices = 12\n' +
          'attestation = ["symmetric-key", "x509"]\ntransport = ["https", "mqtt-ws", "amqp-ws"]\n' +
          'client = ["native", "azure-sdk"]\n',
      );
      const url = `http://fleet:secret@127.0.0.1:${port}`;
      const { exitCode, stdout, stderr } = await rig.run('run', file, '--proxy', url, '--out', rig.out);
      expect(exitCode, stdout + stderr).toBe(0);
      expect(rig.result().outcomes.assigned).toBe(12);
    } finally {
      const exited = once(proxy, 'exit');
      proxy.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const untilListening = (port: number): Promise<true> =>
  waitFor(() => answers(port), { what: 'tinyproxy to listen', deadlineMs: 10_000 });

async function answers(port: number): Promise<true | undefined> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
