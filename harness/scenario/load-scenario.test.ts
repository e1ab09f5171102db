import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../simulators/kernel/errors.ts';
import { loadScenario, parseScenario } from './load-scenario.ts';
import type { Override } from './override.ts';

const head = 'name = "s"\n';
const fleet = '[[fleet]]\ndevices = 1\nattestation = "tpm"\n';

describe('parseScenario', () => {
  it('fills in every default of the smallest scenario', () => {
    expect(parseScenario(head + fleet, 's.toml')).toEqual({
      name: 's',
      description: '',
      seed: 1,
      endpoint: { kind: 'emulator', backend: 'process', retryAfterSeconds: 1, assigningDurationMs: 0 },
      load: { arrival: 'constant-concurrency', concurrency: 50 },
      run: {
        workers: 'auto',
        rangeSize: 100,
        timeScale: 1,
        warmUpDevices: 0,
        attemptTimeoutMs: 60_000,
        bundles: 100,
        gradeClients: false,
        retryPolicy: 'standard',
        hubConnect: 'none',
      },
      tpm: { mode: 'auto', backend: 'process', containers: 2 },
      hsm: { signMs: 0, backend: 'process' },
      fleet: [
        {
          devices: 1,
          attestation: 'tpm',
          enrollment: 'individual',
          transport: 'https',
          client: 'native',
          platform: 'linux',
        },
      ],
      thresholds: {},
    });
  });

  it.each<{ mistake: string; text: string; line: number; key: string | undefined; says: RegExp }>([
    {
      mistake: 'an unknown key',
      text: `${head}colour = 1\n${fleet}`,
      line: 2,
      key: 'colour',
      says: /not a key of this table$/,
    },
    {
      mistake: 'a mistyped key',
      text: `${head}${fleet}enrolment = "group"\n`,
      line: 5,
      key: 'fleet.0.enrolment',
      says: /did you mean "enrollment"\?$/,
    },
    {
      mistake: 'a mistyped key in a table of its own',
      text: `${head}[run]\nworkers = 1\nrangesize = 2\n${fleet}`,
      line: 4,
      key: 'run.rangesize',
      says: /did you mean "rangeSize"\?$/,
    },
    {
      mistake: 'a mistyped value',
      text: `${head}[[fleet]]\ndevices = 1\nattestation = "symetric-key"\n`,
      line: 4,
      key: 'fleet.0.attestation',
      says: /found "symetric-key"; did you mean "symmetric-key"\?$/,
    },
    {
      mistake: 'a mistyped value in a list',
      text: `${head}[[fleet]]\ndevices = 1\nattestation = [\n  "x509",\n  "tmp",\n]\n`,
      line: 6,
      key: 'fleet.0.attestation.1',
      says: /did you mean "tpm"\?$/,
    },
    {
      mistake: 'a value of the wrong type',
      text: `${head}[[fleet]]\ndevices = "many"\nattestation = "tpm"\n`,
      line: 3,
      key: 'fleet.0.devices',
      says: /expected number.*found "many"/,
    },
    {
      mistake: 'a number out of bounds',
      text: `${head}[load]\narrival = "constant-concurrency"\nconcurrency = 0\n${fleet}`,
      line: 4,
      key: 'load.concurrency',
      says: />=1, found 0/,
    },
    {
      mistake: 'an unknown arrival',
      text: `${head}[load]\narrival = "bursts"\n${fleet}`,
      line: 3,
      key: 'load.arrival',
      says: /found "bursts"/,
    },
    {
      mistake: 'a missing key',
      text: `${head}[[fleet]]\nattestation = "tpm"\n`,
      line: 2,
      key: 'fleet.0.devices',
      says: /expected number/,
    },
    {
      mistake: 'an unknown metric',
      text: `${head}${fleet}[thresholds]\ntotals = "p(95) < 1"\n`,
      line: 6,
      key: 'thresholds.totals',
      says: /did you mean "total"\?$/,
    },
    {
      mistake: 'a condition that cannot be read',
      text: `${head}${fleet}[thresholds]\ntotal = "p95 < 1"\n`,
      line: 6,
      key: 'thresholds.total',
      says: /is no threshold: expected for example/,
    },
    {
      mistake: 'a statistic that does not fit the metric',
      text: `${head}${fleet}[thresholds]\nerrors = "p(95) < 1"\n`,
      line: 6,
      key: 'thresholds.errors',
      says: /expected rate, count or perSecond/,
    },
    {
      mistake: 'pooled TPMs that would have to sign TLS handshakes',
      text: `${head}[tpm]\nmode = "pooled"\n[[fleet]]\ndevices = 1\nattestation = "x509"\nkeyStore = "swtpm"\n`,
      line: 3,
      key: 'tpm.mode',
      says: /cannot sign TLS handshakes/,
    },
    {
      mistake: 'text that is not TOML',
      text: `${head}name name\n${fleet}`,
      line: 2,
      key: undefined,
      says: /is not TOML/,
    },
  ])('names file, line and key of $mistake', ({ text, line, key, says }) => {
    const error = errorOf(() => parseScenario(text, 'some/s.toml'));
    expect(error.details()).toMatchObject({ file: 'some/s.toml', line, key });
    expect(error.message).toMatch(says);
    expect(error.message).toContain(`some/s.toml:${line}`);
  });

  it('tells of all mistakes at once', () => {
    const { message } = errorOf(() => parseScenario(`name = 1\nseed = -1\n${fleet}`, 's.toml'));
    expect(message.split('\n')).toHaveLength(2);
    expect(message).toContain('s.toml:1');
    expect(message).toContain('s.toml:2');
  });

  it.each<[Override, object]>([
    [{ path: 'seed', value: 7 }, { seed: 7 }],
    [{ path: 'run.workers', value: 3 }, { run: { workers: 3 } }],
    [{ path: 'fleet.0.devices', value: 9 }, { fleet: [{ devices: 9 }] }],
    [{ path: 'thresholds.total', value: 'max < 1' }, { thresholds: { total: 'max < 1' } }],
  ])('sets %j', (override, expected) => {
    expect(parseScenario(head + fleet, 's.toml', [override])).toMatchObject(expected);
  });

  it.each<[Override, RegExp]>([
    [{ path: 'sed', value: 7 }, /sed.*did you mean "seed"\?/],
    [{ path: 'run.workers', value: 'many' }, /run\.workers.*"many" \(on the command line\)/],
    [{ path: 'name.first', value: 'x' }, /name\.first.*name is not a table/],
    [{ path: 'fleet.7.devices', value: 1 }, /fleet\.7\.devices.*there is no element 7, they are 0 to 0/],
    [{ path: 'run..workers', value: 1 }, /run\.\.workers/],
    [{ path: '__proto__.seed', value: 1 }, /__proto__/],
  ])('refuses to set %j', (override, says) => {
    expect(errorOf(() => parseScenario(head + fleet, 's.toml', [override])).message).toMatch(says);
    expect(({} as Record<string, unknown>)['seed']).toBeUndefined();
  });
});

describe('loadScenario', () => {
  it('says that a file does not exist', async () => {
    await expect(loadScenario('no/such.toml')).rejects.toThrow(/no\/such\.toml.*there is no such file/);
  });

  it('gives a life to IoT Edge devices only', () => {
    const entry = '[[fleet]]\ndevices = 1\nattestation = "x509"\n';
    const life = 'name = "s"\n[life]\nsteps = ["restart"]\n';
    expect(parseScenario(`${life}${entry}client = "iot-edge"\n`, 's.toml').life).toEqual({
      steps: ['restart'],
    });
    expect(() => parseScenario(`${life}${entry}client = ["iot-edge", "native"]\n`, 's.toml')).toThrow(
      expect.objectContaining({ line: 7, key: 'fleet.0.client' }),
    );
    expect(() => parseScenario(life + entry, 's.toml')).toThrow(
      expect.objectContaining({ code: 'SCENARIO_INVALID' }),
    );
  });
});

function errorOf(action: () => unknown): ScenarioError {
  try {
    action();
  } catch (error) {
    if (error instanceof ScenarioError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
