import { describe, expect, it } from 'vitest';
import { planFleet } from '../plan/fleet-plan.ts';
import { expandMatrix } from '../scenario/expand.ts';
import { parseScenario } from '../scenario/load-scenario.ts';
import { chooseSetup, type RunSetup } from './run-setup.ts';

function setupOf(toml: string): RunSetup {
  const scenario = parseScenario(`name = "test"\n${toml}`, 'test.toml');
  return chooseSetup(scenario, planFleet(scenario, expandMatrix(scenario)));
}

const tpms = (devices: number): string => `[[fleet]]\ndevices = ${devices}\nattestation = "tpm"\n`;

describe('choosing how TPMs are run', () => {
  it.each([
    ['a live process for each of a thousand', tpms(1_000), 'dedicated'],
    ['a pool for more', tpms(1_001), 'pooled'],
    [
      'a live process where they are as slow as a chip',
      `[tpm]\nchip = "infineon-slb9670"\n${tpms(1_001)}`,
      'dedicated',
    ],
    [
      'a live process where a TLS handshake is signed in it',
      '[[fleet]]\ndevices = 1001\nattestation = "x509"\nkeyStore = "swtpm"\n',
      'dedicated',
    ],
    [
      'a pool for as many symmetric keys',
      '[[fleet]]\ndevices = 1001\nattestation = "symmetric-key"\nkeyStore = "swtpm"\n',
      'pooled',
    ],
    ['what the scenario says', `[tpm]\nmode = "pooled"\n${tpms(1)}`, 'pooled'],
  ])('gives %s', (_, toml, mode) => {
    expect(setupOf(toml).tpmMode).toBe(mode);
  });

  it.each([
    ['workers = 2', 'poolSize = 6', 3],
    ['workers = 2', 'poolSize = 1', 1],
  ])('shares the pool among the workers: %s, %s', (workers, poolSize, ofEach) => {
    expect(setupOf(`[run]\n${workers}\n[tpm]\n${poolSize}\n${tpms(1)}`).tpmPoolSize).toBe(ofEach);
  });

  it('opens no pool for a fleet without TPMs', () => {
    expect(setupOf('[[fleet]]\ndevices = 5\nattestation = "x509"\n')).toMatchObject({
      tpmDevices: 0,
      tpmPoolSize: 0,
    });
  });
});

describe('choosing how many ranges a worker has in hand', () => {
  it('has enough devices in hand to fill the slots of a closed loop', () => {
    const { workers, rangesAtOnce } = setupOf(
      '[load]\narrival = "constant-concurrency"\nconcurrency = 400\n[run]\nworkers = 2\nrangeSize = 50\n[[fleet]]\ndevices = 1000\nattestation = "x509"\n',
    );
    expect(workers * rangesAtOnce * 50).toBeGreaterThanOrEqual(400);
  });

  it('takes all of them where devices start by the clock', () => {
    const { workers, rangesAtOnce } = setupOf(
      '[load]\narrival = "all-at-once"\n[run]\nworkers = 3\nrangeSize = 10\n[[fleet]]\ndevices = 100\nattestation = "x509"\n',
    );
    expect(workers * rangesAtOnce).toBeGreaterThanOrEqual(10);
  });
});
