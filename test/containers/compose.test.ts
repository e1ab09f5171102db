import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runResultSchema } from '../../reports/run-result.ts';
import { composeCommand, docker, run, runContainer, testLabel } from './docker.ts';

const compose = inject('noContainers') === '' ? composeCommand() : undefined;
if (compose === undefined)
  process.stderr.write('containers: docker/compose.yaml is not tested: no Compose here\n');

describe.skipIf(compose === undefined)('docker/compose.yaml with all its profiles', () => {
  const project = `dps-rig-${testLabel}`;
  const fleets = { fleet: ['software', 100], 'fleet-tpm': ['tpm', 50], 'fleet-hsm': ['hsm', 50] } as const;
  const runCompose = async (...args: readonly string[]): Promise<void> => {
    const [program = '', ...first] = compose ?? [];
    const all = [
      '--file',
      'docker/compose.yaml',
      '--project-name',
      project,
      '--profile',
      'tpm',
      '--profile',
      'hsm',
    ];
    const { exitCode, stdout, stderr } = await run(program, [...first, ...all, ...args], {
      DPS_RIG_LABEL: testLabel,
    });
    if (exitCode !== 0)
      throw new Error(`compose ${args.join(' ')} ended with ${exitCode}\n${stdout}${stderr}`);
  };
  const containerOf = async (service: string): Promise<string> => {
    const filters = [`project=${project}`, `service=${service}`].flatMap((one) => [
      '--filter',
      `label=com.docker.compose.${one}`,
    ]);
    return docker('ps', '--all', '--quiet', ...filters);
  };
  const volume = (name: string, at: string): readonly string[] => ['--volume', `${project}_${name}:${at}:ro`];

  beforeAll(() => runCompose('up', '--detach', '--no-build'));
  afterAll(() => runCompose('down', '--volumes'));

  it.each(Object.entries(fleets))(
    'registers every device of %s, and leaves the report on a volume',
    async (service, [name, devices]) => {
      const container = await containerOf(service);
      expect(await docker('wait', container), await docker('logs', container)).toBe('0');
      const { stdout } = await runContainer(
        ...volume('reports', '/reports'),
        '--entrypoint',
        'cat',
        'dps-rig/cli',
        `/reports/${name}/run-result.json`,
      );
      const result = runResultSchema.parse(JSON.parse(stdout));
      expect(result.verdict).toBe('passed');
      expect(result.outcomes.assigned).toBe(devices);
    },
  );

  it('is reached by the unmodified SDK under real names and on standard ports', async () => {
    const { exitCode, stdout, stderr } = await run('docker', [
      ...['run', '--rm', '--label', `dps-rig=${testLabel}`, '--network', `${project}_default`],
      ...[
        ...volume('trust', '/trust'),
        ...volume('control', '/control'),
        '--env',
        'NODE_EXTRA_CA_CERTS=/trust/ca.crt',
      ],
      ...['--volume', `${import.meta.dirname}/sdk-device.ts:/opt/dps-rig/test/containers/sdk-device.ts:ro`],
      ...['--entrypoint', 'node', 'dps-rig/cli', 'test/containers/sdk-device.ts'],
    ]);
    expect(exitCode, stdout + stderr).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.slice(0, 3)).toEqual(
      ['sdk-http', 'sdk-mqtt', 'sdk-amqp'].map((id) => ({
        registrationId: id,
        deviceId: id,
        assignedHub: expect.stringMatching(/^hub-[12]\.azure-devices\.net$/) as string,
      })),
    );
    expect(lines[3]).toEqual({ messages: 3 });
  });

  it('is trusted by what asks the system, once the volume is where the system looks', async () => {
    const ask = [443, 8883, 5671].map(
      (port) =>
        `openssl s_client -connect hub-1.azure-devices.net:${port} -verify_return_error -verify_hostname hub-1.azure-devices.net -brief`,
    );
    const { exitCode, stderr } = await run('docker', [
      ...['run', '--rm', '--label', `dps-rig=${testLabel}`, '--network', `${project}_default`, '--user', '0'],
      ...[...volume('trust', '/usr/local/share/ca-certificates'), 'dps-rig/tools', 'sh', '-ec'],
      ['update-ca-certificates >/dev/null', ...ask.map((one) => `${one} </dev/null`)].join('; '),
    ]);
    expect(exitCode, stderr).toBe(0);
    expect(stderr.match(/Verification: OK/g)).toHaveLength(3);
  });

  it('opens the management API to nobody without the token', async () => {
    const { stdout } = await run('docker', [
      ...[
        'run',
        '--rm',
        '--label',
        `dps-rig=${testLabel}`,
        '--network',
        `${project}_default`,
        '--entrypoint',
        'node',
      ],
      ...[
        'dps-rig/cli',
        '--eval',
        "fetch('http://emulator:9180/enrollments').then((answer) => console.log(answer.status))",
      ],
    ]);
    expect(stdout.trim()).toBe('401');
  });
});
