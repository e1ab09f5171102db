import { describe, expect, it } from 'vitest';
import { allowedAddress } from './allowed-hosts.ts';

const target = (host: string) => ({ host, key: 'endpoint.managementUrl', file: 'a.toml' });

describe('allowedAddress', () => {
  it.each(['127.0.0.1', '127.43.0.1', 'localhost', '::1', '[::1]'])(
    'lets %s be without being asked',
    async (host) => {
      expect(await allowedAddress(target(host), [])).toBe(host.replace(/^\[|\]$/g, ''));
    },
  );

  it.each(['10.1.2.3', '172.31.0.2', '192.168.7.7', 'fd00::7', '[fd00::7]'])(
    'lets the private address %s be only when it was named',
    async (host) => {
      const bare = host.replace(/^\[|\]$/g, '');
      await expect(allowedAddress(target(host), [])).rejects.toMatchObject({ code: 'SCENARIO_INVALID' });
      await expect(allowedAddress(target(host), ['10.9.9.9'])).rejects.toMatchObject({
        code: 'SCENARIO_INVALID',
      });
      expect(await allowedAddress(target(host), ['other', bare])).toBe(bare);
    },
  );

  it.each(['192.0.2.1', '8.8.8.8', '172.32.0.1', '2001:db8::1', '169.254.169.254', '0.0.0.0'])(
    'refuses the address %s though it was named',
    async (host) => {
      await expect(allowedAddress(target(host), [host])).rejects.toMatchObject({ code: 'SCENARIO_INVALID' });
    },
  );

  it('does not take the part of a name for the name', async () => {
    await expect(allowedAddress(target('emulator.example'), ['emulator'])).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
    });
  });

  it('tells of a name without an address', async () => {
    // RFC 6761: .invalid never resolves.
    await expect(allowedAddress(target('dps.invalid'), ['dps.invalid'])).rejects.toMatchObject({
      code: 'ENVIRONMENT',
    });
  });
});
