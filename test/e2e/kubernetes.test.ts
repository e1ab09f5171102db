import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseScenario } from '../../harness/scenario/load-scenario.ts';
import { createTestPki } from '../../simulators/index.ts';
import { type KubernetesObject, kubernetesObject, type PodSpec } from '../support/kubernetes-schema.ts';
import { natsServerMissing, startNatsServer } from '../support/nats-server.ts';
import { createRigProgram } from '../support/rig-program.ts';

const directory = fileURLToPath(new URL('../../docker/k8s', import.meta.url));
const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));

const documentsOf = (file: string): readonly unknown[] =>
  parseAllDocuments(readFileSync(join(directory, file), 'utf8'), { uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
const objects = files.flatMap((file) => documentsOf(file).map((one) => kubernetesObject.parse(one)));

const podsOf = (
  all: readonly KubernetesObject[],
): readonly { readonly name: string; readonly pod: PodSpec }[] =>
  all.flatMap((one) =>
    one.kind === 'Job' || one.kind === 'Deployment'
      ? [{ name: one.metadata.name, pod: one.spec.template.spec }]
      : [],
  );
const pods = podsOf(objects);

/** A file of a ConfigMap. */
function configured(map: string, file: string): string {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === map);
  if (found?.kind !== 'ConfigMap') throw new Error(`no ConfigMap ${map}`);
  return found.data[file] ?? '';
}

describe('docker/k8s', () => {
  it.each(files)('%s holds objects with the fields of the Kubernetes reference, and no others', (file) => {
    const documents = documentsOf(file);
    expect(documents.length).toBeGreaterThan(0);
    for (const one of documents) expect(kubernetesObject.safeParse(one).error).toBeUndefined();
  });

  it('names each object once', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(pods)('$name mounts what it has, from what is there', ({ pod }) => {
    const here = (kind: string) =>
      objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
    for (const { configMap, persistentVolumeClaim: claim } of pod.volumes) {
      if (configMap !== undefined) expect(here('ConfigMap')).toContain(configMap.name);
      if (claim !== undefined) expect(here('PersistentVolumeClaim')).toContain(claim.claimName);
    }
    const volumes = pod.volumes.map(({ name }) => name).toSorted();
    const mounted = pod.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name));
    expect(mounted.toSorted()).toEqual(volumes);
  });

  it('gets secrets that the comments say how to make, and no others', () => {
    const used = pods.flatMap(({ pod }) => [
      ...pod.volumes.flatMap(({ secret }) => secret?.secretName ?? []),
      ...pod.containers.flatMap(({ env = [] }) =>
        env.flatMap((one) => one.valueFrom?.secretKeyRef.name ?? []),
      ),
    ]);
    const text = files.map((file) => readFileSync(join(directory, file), 'utf8')).join('\n');
    const made = [...text.matchAll(/create secret generic (\S+)/g)].map(([, name]) => name);
    expect([...new Set(used)].toSorted()).toEqual(made.toSorted());
  });

  it('leads every service to ports that its pods have', () => {
    for (const one of objects) {
      if (one.kind !== 'Service') continue;
      const deployment = objects.find(
        (other) =>
          other.kind === 'Deployment' &&
          Object.entries(one.spec.selector).every(
            ([key, value]) => other.spec.template.metadata.labels[key] === value,
          ),
      );
      const ports = podsOf(deployment === undefined ? [] : [deployment]).flatMap(({ pod }) =>
        pod.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name)),
      );
      for (const { targetPort } of one.spec.ports) expect(ports).toContain(targetPort);
    }
  });

  it('has selectors that choose its own pods', () => {
    for (const one of objects) {
      if (one.kind !== 'Deployment') continue;
      expect(one.spec.template.metadata.labels).toMatchObject(one.spec.selector.matchLabels);
    }
  });

  it('has a scenario that is one', () => {
    const scenario = parseScenario(configured('dps-rig-scenario', 'fleet.toml'), 'fleet.toml');
    expect(scenario.endpoint.kind).toBe('external');
  });
});

describe('what the pods run', () => {
  const home = () => mkdtempSync(join(tmpdir(), 'dps-rig-k8s-'));
  const jobOf = (wanted: string) => {
    const found = objects.find(({ kind, metadata }) => kind === 'Job' && metadata.name === wanted);
    if (found?.kind !== 'Job') throw new Error(`no Job ${wanted}`);
    return found.spec;
  };

  it.each([0, 3])('is shard %i of all that the Job has, and no verdict fails it', (index) => {
    const { completions, template } = jobOf('dps-rig-shards');
    const [container] = template.spec.containers;
    expect(container?.env).toEqual([{ name: 'SHARDS', value: String(completions) }]);
    const bin = home();
    try {
      const said = join(bin, 'said');
      for (const [code, expected] of [
        [0, 0],
        [4, 0],
        [5, 0],
        [3, 3],
      ]) {
        writeFileSync(join(bin, 'dps-rig'), `#!/bin/sh\necho "$@" >${said}\nexit ${code}\n`);
        chmodSync(join(bin, 'dps-rig'), 0o755);
        const [shell = '', ...flags] = container?.command ?? [];
        const env = { PATH: `${bin}:/usr/bin:/bin`, SHARDS: '4', JOB_COMPLETION_INDEX: String(index) };
        expect(exitCodeOf(() => execFileSync(shell, [...flags, ...(container?.args ?? [])], { env }))).toBe(
          expected,
        );
      }
      expect(readFileSync(said, 'utf8')).toContain(`--shard ${index + 1}/4`);
      expect(readFileSync(said, 'utf8')).toContain(`--out /reports/shard-${index + 1}`);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });

  const missing = natsServerMissing();
  it.skipIf(missing !== undefined)(
    'registers a fleet through the NATS server as it is configured: TLS, and a user with a password',
    async () => {
      const made = home();
      await using rig = createRigProgram();
      try {
        const pki = await createTestPki({ name: 'nats' });
        const { chainPem, privateKeyPem } = await pki.issueServerCertificate({ names: ['localhost'] });
        writeFileSync(join(made, 'tls.crt'), chainPem);
        writeFileSync(join(made, 'tls.key'), privateKeyPem);
        writeFileSync(join(made, 'ca.crt'), pki.bundle.rootPem);
        const config = configured('dps-rig-nats', 'nats.conf')
          .replaceAll('/tls/', `${made}/`)
          .replace('/data', join(made, 'data'))
          .replace('http_port: 8222', '');
        writeFileSync(join(made, 'nats.conf'), config);
        await using server = await startNatsServer({
          config: join(made, 'nats.conf'),
          environment: { NATS_PASSWORD: 'rig-secret' },
        });
        const { port } = new URL(server.url);
        const argsOf = (wanted: string): string[] =>
          (jobOf(wanted).template.spec.containers[0]?.args ?? []).map((argument) =>
            argument
              .replace('$(NATS_PASSWORD)', 'rig-secret')
              .replace('nats:4222', `localhost:${port}`)
              .replace('/tls/ca.crt', join(made, 'ca.crt'))
              .replace('--nats-workers=4', '--nats-workers=2')
              .replace('=emulator', '=localhost')
              .replace('=/reports', `=${rig.out}`),
          );
        const scenario = rig.scenario(
          'name = "in pods"\n[endpoint]\nkind = "null"\n[[fleet]]\ndevices = 40\nattestation = "x509"\n',
        );
        const coordinator = rig.start(
          ...argsOf('dps-rig-coordinator').map((argument) =>
            argument === '/scenario/fleet.toml' ? scenario : argument,
          ),
        );
        const workers = [1, 2].map(() => rig.start(...argsOf('dps-rig-workers')));
        const ended = await Promise.all([coordinator, ...workers].map((one) => one.ended));
        expect(ended.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(
          ended.map(() => [0, expect.not.stringContaining('secret') as string]),
        );
        expect(rig.result().outcomes.assigned).toBe(40);

        const stranger = await rig.run(
          'worker',
          '--nats',
          `tls://localhost:${port}`,
          '--nats-ca',
          join(made, 'ca.crt'),
        );
        expect(stranger.exitCode).toBe(3);
        const distrustful = await rig.run('worker', '--nats', `tls://rig:rig-secret@localhost:${port}`);
        expect(distrustful.exitCode).toBe(3);
      } finally {
        rmSync(made, { recursive: true, force: true });
      }
    },
  );
});

function exitCodeOf(run: () => unknown): number | null {
  try {
    run();
    return 0;
  } catch (error) {
    return (error as { readonly status: number | null }).status;
  }
}
