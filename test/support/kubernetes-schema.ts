import { z } from 'zod';

/**
 * The objects that docker/k8s uses, as the Kubernetes API reference (v1.32) has them: fields that it requires are required
 * here, and a field that is not there is a mistake. A cluster checks the same; there is none in the tests.
 */
const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  .max(63);
const portName = name.max(15);
const labels = z.record(
  z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/),
  z.string().max(63),
);
const metadata = z.strictObject({ name, labels });
const path = z.string().startsWith('/');
const quantity = z.string().regex(/^\d+(\.\d+)?(m|[KMG]i?)?$/);
const resources = z.strictObject({
  requests: z.partialRecord(z.enum(['cpu', 'memory']), quantity).optional(),
  limits: z.partialRecord(z.enum(['cpu', 'memory']), quantity).optional(),
});

const podSecurity = z.strictObject({
  runAsNonRoot: z.literal(true),
  runAsUser: z.int().positive(),
  runAsGroup: z.int().positive(),
  fsGroup: z.int().positive(),
  seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  sysctls: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
});

/** As the Pod Security Standard "restricted" asks for. */
const containerSecurity = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
});

const port = z.union([z.int().min(1).max(65_535), portName]);
const probe = z
  .strictObject({
    tcpSocket: z.strictObject({ port }).optional(),
    httpGet: z.strictObject({ path, port }).optional(),
    periodSeconds: z.int().min(1),
  })
  .refine((one) => (one.tcpSocket === undefined) !== (one.httpGet === undefined), 'one handler');

const environmentVariable = z
  .strictObject({
    name: z.string().regex(/^[A-Z_]+$/),
    value: z.string().optional(),
    valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: z.string() }) }).optional(),
  })
  .refine((one) => (one.value === undefined) !== (one.valueFrom === undefined), 'value or valueFrom');

const container = z.strictObject({
  name,
  image: z.string().regex(/^[a-z0-9/-]+:[\w.-]+$/),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()),
  env: z.array(environmentVariable).optional(),
  ports: z.array(z.strictObject({ name: portName, containerPort: z.int() })).optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  resources,
  securityContext: containerSecurity,
  volumeMounts: z.array(z.strictObject({ name, mountPath: path, readOnly: z.boolean().optional() })),
});

const volume = z
  .strictObject({
    name,
    emptyDir: z.strictObject({}).optional(),
    configMap: z.strictObject({ name }).optional(),
    secret: z
      .strictObject({
        secretName: name,
        items: z.array(z.strictObject({ key: z.string(), path: z.string() })).optional(),
      })
      .optional(),
    persistentVolumeClaim: z.strictObject({ claimName: name }).optional(),
  })
  .refine((one) => Object.keys(one).length === 2, 'one kind of volume');

const podSpec = z.strictObject({
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.int().positive().optional(),
  securityContext: podSecurity,
  containers: z.array(container).min(1),
  volumes: z.array(volume),
});

const template = z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec });

const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas: z.int().nonnegative(),
    strategy: z.strictObject({ type: z.enum(['Recreate', 'RollingUpdate']) }),
    selector: z.strictObject({ matchLabels: labels }),
    template,
  }),
});

const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata,
  spec: z
    .strictObject({
      completionMode: z.enum(['Indexed', 'NonIndexed']).optional(),
      completions: z.int().positive().optional(),
      parallelism: z.int().positive().optional(),
      backoffLimit: z.int().nonnegative().optional(),
      backoffLimitPerIndex: z.int().nonnegative().optional(),
      activeDeadlineSeconds: z.int().positive().optional(),
      template: template.extend({ spec: podSpec.extend({ restartPolicy: z.enum(['OnFailure', 'Never']) }) }),
    })
    .refine(
      ({ completionMode, completions, backoffLimitPerIndex, template: { spec } }) =>
        (completionMode !== 'Indexed' || completions !== undefined) &&
        (backoffLimitPerIndex === undefined ||
          (completionMode === 'Indexed' && spec.restartPolicy === 'Never')),
      'completions and backoffLimitPerIndex of an Indexed Job',
    ),
});

const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({
    selector: labels,
    ports: z.array(z.strictObject({ name: portName, port: z.int(), targetPort: port })).min(1),
  }),
});

const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.record(z.string().regex(/^[-._a-zA-Z0-9]+$/), z.string()),
});

const claim = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('PersistentVolumeClaim'),
  metadata,
  spec: z.strictObject({
    accessModes: z
      .array(z.enum(['ReadWriteOnce', 'ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod']))
      .min(1),
    resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
  }),
});

/** Any of them. */
export const kubernetesObject = z.discriminatedUnion('kind', [deployment, job, service, configMap, claim]);
export type KubernetesObject = z.infer<typeof kubernetesObject>;
export type PodSpec = z.infer<typeof podSpec>;
