import { z } from 'zod';
import {
  attestationKinds,
  behaviourProfiles,
  type ChipName,
  chipNames,
  clientKinds,
  type DefectName,
  type DpsRules,
  defectNames,
  edgeVersions,
  type FaultKind,
  faultKinds,
  keyAlgorithms,
  keyStoreKinds,
  latencyNames,
  lifeSteps,
  type ProfileName,
  parseProxyUrl,
  platformKinds,
  provisioningKinds,
  type QuotaProfileName,
  quotaProfiles,
  ruleTable,
  serviceFaultSchema,
  transportKinds,
} from '../../simulators/schemas.ts';
import { metricNames } from '../verdict/threshold-syntax.ts';

/** One value of an axis, or several: several multiply the matrix. */
const axis = <const T extends readonly [string, ...string[]]>(kinds: T) => {
  const one = z.enum(kinds);
  return z.union([one, z.array(one).min(1)]);
};

const faults = z.enum(faultKinds as readonly [FaultKind, ...FaultKind[]]);

const expectation = z
  .strictObject({
    result: z
      .enum(['assigned', 'disabled', 'failed', 'refused', 'impossible'])
      .describe(
        'How every device of this entry must end; impossible: the plan has no such device, and says why.',
      ),
    status: z.int().min(400).max(599).optional().describe('HTTP status of the refusal.'),
    errorCode: z.int().optional().describe('errorCode of the refusal, for example 401002.'),
    code: z
      .string()
      .optional()
      .describe('Code of the error, for example TPM_RC_INTEGRITY, where no service refused.'),
  })
  .describe(
    'What must become of every device of this entry. Default: what the fault documents, else assigned.',
  );

const fleetEntry = z.strictObject({
  devices: z.int().min(1).max(1_000_000).describe('Devices of this entry, split evenly over its cells.'),
  attestation: axis(attestationKinds),
  enrollment: axis(provisioningKinds)
    .default('individual')
    .describe('How devices come to their hub; manual is without DPS.'),
  transport: axis(transportKinds).default('https'),
  client: axis(clientKinds).default('native'),
  platform: axis(platformKinds).default('linux'),
  version: z
    .union([axis(edgeVersions), z.literal('all')])
    .optional()
    .describe('Of IoT Edge, with the client iot-edge. Default: the newest of the platform. all: every one.'),
  keyStore: axis(keyStoreKinds)
    .optional()
    .describe('Default: swtpm for TPM attestation, software otherwise.'),
  keyAlgorithm: axis(keyAlgorithms).optional().describe('Of X.509 keys. Default: ec-p256.'),
  fault: z
    .union([faults, z.array(faults).min(1)])
    .optional()
    .describe('A deliberate mistake of every device of this entry.'),
  clock: z
    .strictObject({
      aheadSeconds: z.number().optional().describe('Negative: behind.'),
      driftPpm: z
        .number()
        .min(-500_000)
        .max(500_000)
        .optional()
        .describe('Millionths by which it runs faster.'),
      jump: z
        .strictObject({ bySeconds: z.number(), afterSeconds: z.number().nonnegative() })
        .optional()
        .describe('Somebody sets it, so long after the device first looked at it.'),
    })
    .optional()
    .describe('How the clock of every device of this entry differs from that of the machine.'),
  serviceFaults: z
    .array(serviceFaultSchema)
    .min(1)
    .optional()
    .describe('What the service does to the devices of this entry.'),
  expect: expectation.optional(),
  proves: z
    .enum(['failure', 'fix'])
    .optional()
    .describe('In the failure catalogue: whether these devices show the failure, or that its fix helps.'),
});

const failure = z
  .strictObject({
    ids: z.array(z.string().regex(/^[A-Z]\d{1,2}$/, 'a row of the catalogue, like T5')).min(1),
    reports: z.array(z.string().min(1)).min(1).describe('Public reports of it.'),
    symptom: z.string().min(1).describe('What its user saw.'),
    cause: z.string().min(1),
    fix: z.string().min(1),
    made: z
      .enum(['really', 'by-injection'])
      .describe(
        'really: hardware, certificates, keys or settings are in that state. by-injection: an answer is made up.',
      ),
  })
  .describe('Makes the scenario a row of the failure catalogue.');

const load = z.discriminatedUnion('arrival', [
  z.strictObject({
    arrival: z.literal('all-at-once'),
  }),
  z.strictObject({
    arrival: z.literal('constant-concurrency'),
    concurrency: z.int().min(1).max(100_000).describe('Devices registering at any moment (closed loop).'),
  }),
  z.strictObject({
    arrival: z.literal('constant-rate'),
    ratePerSecond: z.number().positive().describe('Devices that start each second (open loop).'),
  }),
  z.strictObject({
    arrival: z.literal('ramp'),
    fromPerSecond: z.number().nonnegative(),
    toPerSecond: z.number().positive(),
    rampSeconds: z.number().positive().describe('After it the rate stays at toPerSecond.'),
  }),
  z.strictObject({
    arrival: z.literal('steps'),
    steps: z
      .array(z.strictObject({ ratePerSecond: z.number().nonnegative(), seconds: z.number().positive() }))
      .min(1)
      .refine(
        (steps) => (steps.at(-1)?.ratePerSecond ?? 0) > 0,
        'the last step goes on: its rate must be above 0',
      )
      .describe('One after the other; the rate of the last one stays.'),
  }),
  z.strictObject({
    arrival: z.literal('spike'),
    ratePerSecond: z.number().positive().describe('Before and after the spike.'),
    spikePerSecond: z.number().positive(),
    spikeAtSeconds: z.number().nonnegative(),
    spikeSeconds: z.number().positive(),
  }),
  z.strictObject({
    arrival: z.literal('poisson'),
    ratePerSecond: z
      .number()
      .positive()
      .describe('On average; the gaps between devices are random, by the seed.'),
  }),
]);

/** One key for each row of the rule table; a type cannot be read off rows at run time. */
const emulatorRules = z.strictObject(
  Object.fromEntries(
    Object.entries(ruleTable).map(([name, { says, variants }]) => [
      name,
      z
        .enum(variants.map(({ value }) => value) as [string, ...string[]])
        .optional()
        .describe(says),
    ]),
  ) as unknown as { readonly [Name in keyof DpsRules]: z.ZodOptional<z.ZodType<DpsRules[Name]>> },
);

const backend = z.enum(['process', 'container']).default('process');

const endpoint = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('emulator').describe('Started for the run.'),
    backend: backend.describe('Where the emulator runs: in this process, or in a container of its own.'),
    retryAfterSeconds: z.int().min(0).max(300).default(1),
    assigningDurationMs: z.int().min(0).default(0).describe('How long a registration stays assigning.'),
    hubs: z.array(z.string().regex(/\./, 'a host name with a dot')).min(1).optional(),
    profile: z
      .enum(Object.keys(behaviourProfiles) as [ProfileName, ...ProfileName[]])
      .optional()
      .describe('strict: clients meet refusals early. Default: plain.'),
    quotas: z
      .union([
        z.enum(Object.keys(quotaProfiles) as [QuotaProfileName, ...QuotaProfileName[]]),
        z.strictObject({
          registrationsPerMinute: z.int().min(0).optional(),
          pollsPerTenSeconds: z.int().min(0).optional(),
        }),
      ])
      .optional()
      .describe('Limits of the instance. Default: off; with the profile strict: published.'),
    serverRootRotatesAfterSeconds: z
      .number()
      .nonnegative()
      .optional()
      .describe('The certificate of the servers is replaced by one of another root; devices trust both.'),
    latency: z.enum(latencyNames).optional().describe('How long the emulator takes. Default: zero.'),
    defect: z
      .enum(defectNames as readonly [DefectName, ...DefectName[]])
      .optional()
      .describe('Breaks a rule of the real service on purpose: the cells that meet it must fail.'),
    faults: z.array(serviceFaultSchema).optional().describe('Faults that the service is ordered to have.'),
    rules: emulatorRules.optional().describe('Other variants of rules; `dps-rig list rules` tells them.'),
  }),
  z.strictObject({
    kind: z
      .literal('null')
      .describe('Nobody: every device is assigned at once. What remains is what the harness itself takes.'),
    madeUpDurations: z
      .boolean()
      .default(false)
      .describe(
        'Devices report a duration of the phase register that seed and registrationId decide: two runs of one fleet can be compared exactly.',
      ),
  }),
  z.strictObject({
    kind: z.literal('azure').describe('A real service. Needs --allow-endpoint for each host, and --consent.'),
    idScope: z.string().min(1),
    hubs: z.array(z.string().regex(/\./, 'a host name with a dot')).min(1).describe('The linked ones.'),
    hostName: z.string().default('global.azure-devices-provisioning.net').describe('Where devices go.'),
    connectionStringVariable: z
      .string()
      .default('DPS_CONNECTION_STRING')
      .describe('Environment variable with the connection string of the service API.'),
    registrationsPerMinute: z.int().min(1).default(1_000).describe('Quota; the run keeps to 80 % of it.'),
    serviceOperationsPerMinute: z.int().min(1).default(1_000).describe('Quota, likewise.'),
    address: z.string().optional().describe('Dialled in place of both hosts.'),
    port: z.int().min(1).max(65_535).optional(),
    mqttPort: z.int().min(1).max(65_535).optional(),
    amqpPort: z.int().min(1).max(65_535).optional(),
    caFile: z
      .string()
      .optional()
      .describe('PEM, relative to the scenario file. Default: the roots of the system.'),
  }),
  z.strictObject({
    kind: z.literal('external').describe('An emulator that runs already (dps-rig emulate).'),
    managementUrl: z.url().default('http://127.0.0.1:9180').describe('What follows, it says of itself.'),
    managementTokenFile: z
      .string()
      .optional()
      .describe('Its bearer token (dps-rig emulate --management-token-file), relative to the scenario file.'),
    hostName: z.string().optional(),
    address: z.string().optional().describe('Another way to it, for example through a proxy.'),
    port: z.int().min(1).max(65_535).optional(),
    idScope: z.string().optional(),
    caFile: z.string().optional().describe('PEM, relative to the scenario file.'),
  }),
]);

const threshold = z.union([
  z.string(),
  z.strictObject({
    threshold: z.string().describe('"p(95) < 2000"'),
    abortOnFail: z.boolean().default(false).describe('Stops the run as soon as it does not hold.'),
    delayAbortEvalSeconds: z.number().nonnegative().default(0).describe('Not before so much of the run.'),
  }),
]);

/** A scenario file, strictly: an unknown key is an error. Dotted descriptions become the editor's help. */
export const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().min(1).max(100),
  description: z.string().default(''),
  failure: failure.optional(),
  seed: z.int().min(0).default(1).describe('Same scenario and seed: same plan, same choices.'),
  endpoint: endpoint.default({
    ...{ kind: 'emulator', backend: 'process' },
    ...{ retryAfterSeconds: 1, assigningDurationMs: 0 },
  }),
  load: load.default({ arrival: 'constant-concurrency', concurrency: 50 }),
  run: z
    .strictObject({
      workers: z
        .union([z.literal('auto'), z.int().min(1).max(256)])
        .default('auto')
        .describe('Worker threads.'),
      rangeSize: z.int().min(1).max(10_000).default(100).describe('Devices in a unit of work.'),
      warmUpDevices: z
        .int()
        .min(0)
        .max(10_000)
        .default(0)
        .describe('Devices that register first and are judged, and are in no duration or rate.'),
      attemptTimeoutMs: z.int().min(100).default(60_000).describe('A device that takes longer has failed.'),
      timeScale: z
        .number()
        .positive()
        .max(1)
        .default(1)
        .describe('The waits of IoT Edge daemons, which can be minutes, are shortened to this share.'),
      retryPolicy: z.enum(['standard', 'none']).default('standard'),
      bundles: z
        .int()
        .min(0)
        .max(10_000)
        .default(100)
        .describe(
          'So many devices that failed leave a bundle beside the reports, for dps-rig replay and trace.',
        ),
      gradeClients: z
        .boolean()
        .default(false)
        .describe('How each client came again when it was told to wait: a grade, with its evidence.'),
      proxy: z
        .string()
        .refine((url) => parseProxyUrl(url) !== undefined, 'expected http://[user:password@]host:port')
        .optional()
        .describe('HTTP proxy of every device, to DPS and to its hub. HTTPS and WebSockets go through one.'),
      hubConnect: z
        .enum(['none', 'telemetry'])
        .default('none')
        .describe('After its assignment a device connects to its hub and sends one message.'),
    })
    .prefault({}),
  tpm: z
    .strictObject({
      mode: z
        .enum(['auto', 'dedicated', 'pooled'])
        .default('auto')
        .describe(
          'A live swtpm for each device, or a pool. auto: dedicated up to 1,000 TPMs, with a chip, or with X.509 keys in TPMs.',
        ),
      poolSize: z
        .int()
        .min(1)
        .max(256)
        .optional()
        .describe('swtpm processes of the pool, at least one for each worker. Default: one per core.'),
      backend: backend.describe(
        'Where the swtpms of the pool run: as processes of the run, or in containers that it starts and removes.',
      ),
      containers: z
        .int()
        .min(1)
        .max(64)
        .default(2)
        .describe('With backend = "container": how many, the pool spread over them.'),
      chip: z
        .enum(chipNames as readonly [ChipName, ...ChipName[]])
        .optional()
        .describe('Makes every TPM as slow as this chip; by timers, it costs no CPU.'),
    })
    .prefault({}),
  hsm: z
    .strictObject({
      signMs: z
        .number()
        .min(0)
        .max(10_000)
        .default(0)
        .describe('Makes every token so much slower at signing; its thread stands still, as with real ones.'),
      backend: backend.describe(
        'Where SoftHSM runs: in this process, or in containers, one for each worker at least, reached by p11-kit.',
      ),
    })
    .prefault({}),
  fleet: z.array(fleetEntry).min(1),
  life: z
    .strictObject({
      steps: z
        .array(z.enum(lifeSteps))
        .default([])
        .describe('What happens to every device after its first boot, in this order.'),
    })
    .optional()
    .describe('Devices of IoT Edge boot and live: module identities, backup, the report of $edgeAgent.'),
  thresholds: z
    .partialRecord(z.enum(metricNames), z.union([threshold, z.array(threshold).min(1)]))
    .default({})
    .describe('Like k6: "total" = "p(95) < 2000", "errors" = "rate < 0.01".'),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type ThresholdEntry = z.infer<typeof threshold>;
export type Failure = z.infer<typeof failure>;
export type FleetEntry = Scenario['fleet'][number];
export type Expectation = z.infer<typeof expectation>;
