import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatorProcess } from '../support/emulator-process.ts';

describe('--keylog of emulate', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dps-rig-keylog-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('writes the secrets that the client of a connection has too, on every port', async () => {
    const file = join(directory, 'keys');
    await using emulator = await startEmulatorProcess('--keylog', file);
    const lines: string[] = [];
    const sockets: TLSSocket[] = [];
    for (const { port } of [emulator.https, emulator.mqtt, emulator.amqp]) {
      const socket = connect({
        port,
        host: emulator.https.address,
        servername: 'localhost',
        ca: emulator.caPem,
      });
      socket.on('keylog', (line: Buffer) => lines.push(line.toString()));
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
      });
      sockets.push(socket);
    }
    expect(lines.length).toBeGreaterThanOrEqual(3);
    await expect.poll(() => readFile(file, 'utf8')).toContain(lines.at(-1));
    const written = await readFile(file, 'utf8');
    for (const line of lines) expect(written).toContain(line);
    for (const socket of sockets) socket.destroy();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
