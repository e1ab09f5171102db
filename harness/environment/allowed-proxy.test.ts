import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../simulators/kernel/errors.ts';
import { allowedProxy } from './allowed-proxy.ts';

const through = (proxy: string | undefined) => ({ run: { proxy } });

describe('allowedProxy', () => {
  it('is nothing where the scenario has none', async () => {
    expect(await allowedProxy(through(undefined), 'a.toml', [])).toBeUndefined();
  });

  it('keeps port and credentials, at an address of this machine', async () => {
    expect(await allowedProxy(through('http://u:p@127.0.0.1:3128'), 'a.toml', [])).toEqual({
      host: '127.0.0.1',
      port: 3128,
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    });
    expect(await allowedProxy(through('http://[::1]:3128'), 'a.toml', [])).toMatchObject({ host: '::1' });
  });

  it('takes a private host that the user has named, and refuses it unnamed', async () => {
    const proxy = through('http://10.1.2.3:3128');
    expect(await allowedProxy(proxy, 'a.toml', ['10.1.2.3'])).toEqual({ host: '10.1.2.3', port: 3128 });
    await expect(allowedProxy(proxy, 'a.toml', [])).rejects.toBeInstanceOf(ScenarioError);
  });

  it('refuses a public host, named or not, without its credentials', async () => {
    const refused = allowedProxy(through('http://u:hush@192.0.2.1:3128'), 'a.toml', ['192.0.2.1']);
    await expect(refused).rejects.toMatchObject({ message: expect.not.stringContaining('hush') as unknown });
    await expect(refused).rejects.toBeInstanceOf(ScenarioError);
  });
});
