import { describe, expect, inject, it } from 'vitest';
import { docker, run, runContainer, startContainer } from './docker.ts';

const images = ['emulator', 'device', 'cli', 'swtpm', 'softhsm', 'tools'];

describe.skipIf(inject('noContainers') !== '')('every image', () => {
  it.each(images)('%s is for a user without rights, says what it is, and holds no secret', async (name) => {
    const [{ Config: config }] = JSON.parse(await docker('image', 'inspect', `dps-rig/${name}`)) as [
      {
        Config: {
          User: string;
          Labels: Record<string, string>;
          Env: string[];
          Healthcheck?: { Test: string[] };
        };
      },
    ];
    expect(config.User).toBe('rig');
    expect(config.Labels).toMatchObject({
      'dps-rig': name,
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.title': expect.stringContaining('dps-rig') as string,
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    });
    expect(config.Env.filter((variable) => /PIN|KEY|TOKEN=|SECRET|PASSWORD/.test(variable))).toEqual([]);
    const serves = ['emulator', 'swtpm', 'softhsm'].includes(name);
    expect(config.Healthcheck?.Test[0]).toBe(serves ? 'CMD' : 'NONE');
  });

  it('runs where nothing can be written: the program finds all that it needs', async () => {
    const { exitCode, stdout, stderr } = await runContainer('dps-rig/cli', 'doctor');
    expect(exitCode, stdout + stderr).toBe(0);
    for (const part of ['swtpm', 'SoftHSM2', 'node-tls-key', 'tpm2-tss']) expect(stdout).toContain(part);
  });

  it('registers a fleet with an emulator of its own, without a network', async () => {
    const { exitCode, stdout, stderr } = await runContainer(
      ...[
        '--network',
        'none',
        'dps-rig/cli',
        'run',
        'scenarios/quickstart.toml',
        '--devices',
        '25',
        '--out',
        '/tmp/out',
      ],
    );
    expect(exitCode, stdout + stderr).toBe(0);
  });
});

describe.skipIf(inject('noContainers') !== '')('docker/clean.sh', () => {
  it('removes what a killed run has left behind: containers, their nameless volumes, volumes and networks', async () => {
    const label = `orphan-${process.pid}`;
    const labelled = ['--label', `dps-rig=${label}`];
    const network = await docker('network', 'create', ...labelled, `dps-rig-${label}`);
    await docker('volume', 'create', ...labelled);
    const { id } = await startContainer(...labelled, '--network', network, 'dps-rig/swtpm');
    const mounts = await docker('inspect', '--format', '{{range .Mounts}}{{.Name}} {{end}}', id);
    expect(mounts).not.toBe('');
    const { exitCode, stdout, stderr } = await run('docker/clean.sh', ['--only', label]);
    expect(exitCode, stdout + stderr).toBe(0);
    const filter = ['--quiet', '--filter', `label=dps-rig=${label}`];
    expect(await docker('ps', '--all', ...filter)).toBe('');
    expect(await docker('volume', 'ls', ...filter)).toBe('');
    expect(await docker('network', 'ls', ...filter)).toBe('');
    const volumes = (await docker('volume', 'ls', '--quiet')).split('\n');
    expect(volumes).not.toContain(mounts);
  });
});
