import { describe, expect, it } from 'vitest';
import { nullEndpoint } from '../environment/endpoint.ts';
import { parseScenario } from '../scenario/load-scenario.ts';
import { requireAllowedTarget } from './allowed-target.ts';

const scenarioOf = (kind: string) =>
  parseScenario(
    `name = "n"\n[endpoint]\nkind = "${kind}"\n[[fleet]]\ndevices = 1\nattestation = "x509"\n`,
    'n.toml',
  );

const target = (address: string, proxyHost?: string) => ({
  scenario: scenarioOf('emulator'),
  scenarioFile: 'n.toml',
  endpoint: { dps: { ...nullEndpoint().dps, address }, hubs: [] },
  ...(proxyHost === undefined ? {} : { proxy: { host: proxyHost, port: 3128 } }),
});

describe('requireAllowedTarget', () => {
  it('lets a worker send load to its own machine', async () => {
    await expect(requireAllowedTarget(target('127.0.0.1'), [])).resolves.toBeUndefined();
  });

  it('refuses what the coordinator names and the user of this machine does not', async () => {
    await expect(requireAllowedTarget(target('10.0.0.7'), ['10.0.0.8'])).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
    });
    await expect(requireAllowedTarget(target('127.0.0.1', '10.0.0.9'), [])).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
    });
  });

  it('lets it go to a private host that is named, never to a public one', async () => {
    await expect(requireAllowedTarget(target('10.0.0.7'), ['10.0.0.7'])).resolves.toBeUndefined();
    await expect(requireAllowedTarget(target('192.0.2.1'), ['192.0.2.1'])).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
    });
  });

  it('has nothing against nobody', async () => {
    const nobody = { ...target('192.0.2.1'), scenario: scenarioOf('null') };
    await expect(requireAllowedTarget(nobody, [])).resolves.toBeUndefined();
  });
});
