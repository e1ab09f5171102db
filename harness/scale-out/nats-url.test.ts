import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseNatsUrl } from './nats-url.ts';

describe('parseNatsUrl', () => {
  it.each(['nats://127.0.0.1:4222', 'nats://localhost', 'nats://[::1]:5', 'nats://127.3.2.1'])(
    'takes %s without TLS: it stays on the machine',
    async (text) => {
      expect((await parseNatsUrl(text)).tls).toBeUndefined();
    },
  );

  it.each([
    ['nats://10.0.0.7:4222', 'a private address'],
    ['nats://nats.example', 'a name'],
    ['nats://127.0.0.1.example', 'a name that looks like loopback'],
    ['http://127.0.0.1:4222', 'another protocol'],
    ['127.0.0.1:4222', 'no protocol'],
    ['nats://', 'no host'],
  ])('refuses %s: %s', async (text) => {
    await expect(parseNatsUrl(text)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('keeps user and password apart from what is shown', async () => {
    const address = await parseNatsUrl('tls://rig:s%40fe@nats.example');
    expect(address).toEqual({
      ...{ server: 'nats.example:4222', shown: 'tls://nats.example:4222' },
      ...{ user: 'rig', password: 's@fe', tls: {} },
    });
  });

  it('does not say a password when it refuses a URL', async () => {
    const refusal: unknown = await parseNatsUrl('nats://rig:secret@10.0.0.7').catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify([String(refusal), refusal])).not.toContain('secret');
  });

  it('trusts the roots of a file, for TLS alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dps-rig-test-'));
    const file = join(directory, 'ca.pem');
    writeFileSync(file, 'the roots');
    try {
      expect(await parseNatsUrl('tls://nats.example', file)).toMatchObject({ tls: { ca: 'the roots' } });
      await expect(parseNatsUrl('nats://127.0.0.1', file)).rejects.toMatchObject({ code: 'USAGE' });
      await expect(parseNatsUrl('tls://nats.example', `${file}.not`)).rejects.toMatchObject({
        code: 'USAGE',
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
