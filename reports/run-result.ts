import { z } from 'zod';

/**
 * What a run came to, as one document: the only thing a report reads. `run-result.json` is this, and
 * `schemaVersion` changes when a reader of the older shape would be misled.
 */
export const RUN_RESULT_SCHEMA_VERSION = 1;

/** Milliseconds; `null` where nothing was recorded. */
const distribution = z.strictObject({
  count: z.int().nonnegative(),
  minMs: z.number().nullable(),
  meanMs: z.number().nullable(),
  p50Ms: z.number().nullable(),
  p90Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  maxMs: z.number().nullable(),
  /** More points of the same curve, rising, for drawing it: `percentile` from 0 to 100. */
  percentiles: z.array(z.strictObject({ percentile: z.number().min(0).max(100), ms: z.number() })).optional(),
  /** HdrHistogram V2 compressed, base64: whole distributions can be merged and compared later. */
  hdr: z.string(),
});

const outcomeCounts = z.strictObject({
  assigned: z.int().nonnegative(),
  ended: z.int().nonnegative(),
  error: z.int().nonnegative(),
  aborted: z.int().nonnegative(),
});

const cell = z.strictObject({
  /** e.g. `linux/individual/tpm/swtpm/https/native`, of IoT Edge `linux-1.5/…/iot-edge`, with `/fault` appended where one is set. */
  name: z.string(),
  platform: z.string(),
  /** Of IoT Edge; absent for other clients. */
  version: z.string().optional(),
  enrollment: z.string(),
  attestation: z.string(),
  keyStore: z.string(),
  transport: z.string(),
  client: z.string(),
  fault: z.string().nullable(),
  /** `notPossible` carries the reason instead of results. */
  notPossible: z.string().nullable(),
  devices: z.int().nonnegative(),
  outcomes: outcomeCounts,
  totalMs: distribution,
});

const errorCount = z.strictObject({
  code: z.string(),
  count: z.int().positive(),
  message: z.string(),
  hint: z.string().nullable(),
  /** A few registrationIds, to look further. */
  examples: z.array(z.string()),
});

const check = z.strictObject({
  /** `expectation` and `oracle` judge correctness, `threshold` performance. */
  kind: z.enum(['expectation', 'oracle', 'threshold']),
  name: z.string(),
  /** Name of the one cell that it judges; absent when it judges the whole run. */
  cell: z.string().optional(),
  passed: z.boolean(),
  /** What was seen, for a person: `p(95) = 812 ms`. */
  actual: z.string(),
  detail: z.string().nullable(),
});

const diagnosis = z.strictObject({
  registrationId: z.string(),
  /** Name of its cell. */
  cell: z.string(),
  /** As in `errors`. */
  code: z.string(),
  /** A name of the table of causes, e.g. `key-derived-twice`; `unknown` when nothing in the evidence tells. */
  cause: z.string(),
  /** With the figures: `the chain has 1 certificate: ...`. */
  statement: z.string(),
  /** `certain`: the evidence allows nothing else; `possible`: it rests on the code alone. */
  confidence: z.enum(['certain', 'likely', 'possible']),
  /** For `dps-rig explain`. */
  explain: z.string(),
  /** What reproduces it: for `dps-rig run`; of a scenario with many faults with the name of the fault behind it. */
  scenario: z.string().nullable(),
  fix: z.string().nullable(),
});

const timeSlice = z.strictObject({
  /** Start of the slice, milliseconds since the run began. */
  atMs: z.number(),
  started: z.int().nonnegative(),
  outcomes: outcomeCounts,
  inFlight: z.int().nonnegative(),
});

const keyInToken = z.strictObject({
  registrationId: z.string(),
  /** What the token says of the key (CKA_...). */
  sensitive: z.boolean(),
  extractable: z.boolean(),
  alwaysSensitive: z.boolean(),
  neverExtractable: z.boolean(),
  /** Made in the token; false: it was brought there. */
  local: z.boolean(),
  /** CKR name with which the token refused to give the key out; null: it gave it. */
  refusedRead: z.string().nullable(),
  /** SHA-256 thumbprints: of the device's certificate, and of the one that the service saw. */
  certificate: z.string().nullable(),
  certificateSeen: z.string().nullable(),
  /** Made by the token while the device registered. */
  signatures: z.int().nonnegative(),
  /** TLS handshakes with the device's certificate, and those of them that resumed a session. */
  handshakes: z.int().nonnegative(),
  resumed: z.int().nonnegative(),
});

const keyCustody = z.strictObject({
  keys: z.array(keyInToken),
  /** Sessions with tokens that all threads opened, and that were open at the end. */
  sessions: z.strictObject({ opened: z.int().nonnegative(), open: z.int() }),
});

/** How often clients were told to wait, and came before it was over; medians in milliseconds of the client's own time. */
const obedience = z.strictObject({
  told: z.int().nonnegative(),
  early: z.int().nonnegative(),
  toldMs: z.number().nullable(),
  waitedMs: z.number().nullable(),
});

const gradeFinding = z.strictObject({
  /** The best grade that is left to a client of which this is true; null: it speaks for the client. */
  atBest: z.enum(['A', 'B', 'C', 'D', 'F']).nullable(),
  evidence: z.string(),
});

const clientGrade = z.strictObject({
  /** e.g. `iot-edge linux-1.4, https`. */
  client: z.string(),
  /** Null where the client was never told to wait. */
  grade: z.enum(['A', 'B', 'C', 'D', 'F']).nullable(),
  findings: z.array(gradeFinding),
  devices: z.int().nonnegative(),
  /** To register and for a status, as the service counted them. */
  requests: z.int().nonnegative(),
  /** Answers 429 and 5xx. */
  refusals: z.int().nonnegative(),
  /** Requests for each that was served; null when none was. */
  amplification: z.number().nullable(),
  /** Devices whose last word from the service was a refusal: those that met no other, and those that came again. */
  gaveUp: z.strictObject({
    atFirst: z.int().nonnegative(),
    later: z.int().nonnegative(),
    /** Of those refusals. */
    statuses: z.array(z.int()),
  }),
  /** Devices that were put off and came again, and were refused for good then. */
  refusedThen: z.strictObject({ devices: z.int().nonnegative(), statuses: z.array(z.int()) }),
  retryAfter: z.strictObject({ onRefusals: obedience, onPolls: obedience }),
  /** The back-off curve: waits after the first refusal in a row, the second … */
  waits: z.array(
    z.strictObject({
      refusal: z.int().positive(),
      count: z.int().nonnegative(),
      p10Ms: z.number().nullable(),
      p50Ms: z.number().nullable(),
      p90Ms: z.number().nullable(),
    }),
  ),
  /** Status queries: the most of one device in any 10 s. */
  pollsPerTenSeconds: z.int().nonnegative(),
  /** From the last refusal to the last answer; null where nobody was refused. */
  recoveryMs: z.number().nullable(),
});

/** How clients behave when a service is busy; `complete` is false when it remembered only the last requests. */
const clientGrades = z.strictObject({ complete: z.boolean(), clients: z.array(clientGrade) });

export const runResultSchema = z.strictObject({
  schemaVersion: z.literal(RUN_RESULT_SCHEMA_VERSION),
  tool: z.strictObject({ name: z.literal('dps-rig'), version: z.string() }),
  scenario: z.strictObject({ name: z.string(), description: z.string(), file: z.string(), seed: z.int() }),
  endpoint: z.strictObject({
    kind: z.string(),
    host: z.string(),
    idScope: z.string(),
    /** The variant of every rule of the emulator that can be chosen: results under other rules are other results. */
    rules: z.record(z.string(), z.string()).optional(),
    profile: z.string().optional(),
    latency: z.string().optional(),
    /** What of these differs from the defaults, for a person. */
    notAsUsual: z.array(z.string()).optional(),
  }),
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.int(),
    memoryGiB: z.number(),
    node: z.string(),
    os: z.string(),
  }),
  load: z.strictObject({ arrival: z.string(), workers: z.int(), tpmMode: z.string() }),
  startedAt: z.iso.datetime(),
  /** Devices sent to nobody through the same loop: the harness's own part. */
  calibration: z
    .strictObject({ devices: z.int(), cpuPerDeviceMs: z.number(), total: distribution })
    .optional(),
  /** Registered and judged before the timed part. */
  warmUpDevices: z.int().nonnegative().optional(),
  /** The threshold that ended the run before its time. */
  stoppedBy: z.string().nullable().optional(),
  /** The timed part, from the first intended start to the last outcome. */
  durationMs: z.number(),
  /** Making keys, certificates and TPMs, outside the timed part. */
  preparationMs: z.number(),
  devices: z.int().nonnegative(),
  /** Of a run of one shard: what it is of the fleet. `from` is included and `to` is not. */
  part: z
    .strictObject({
      shard: z.int().positive(),
      of: z.int().positive(),
      fleetDevices: z.int().nonnegative(),
      ranges: z.array(z.strictObject({ from: z.int().nonnegative(), to: z.int().nonnegative() })),
    })
    .optional(),
  /** Of a run that was spread over workers: how many came, and how many ranges had to be registered by a second one. */
  machines: z
    .strictObject({ workers: z.int().positive(), rangesGivenOutAgain: z.int().nonnegative() })
    .optional(),
  outcomes: outcomeCounts,
  /** Assigned devices per second of the timed part. */
  assignedPerSecond: z.number(),
  /** CPU milliseconds of this process (all threads) in the timed part, per device. */
  cpuPerDeviceMs: z.number(),
  total: distribution,
  phases: z.record(z.string(), distribution),
  /** Actual start minus intended start: how far the load generator itself fell behind. */
  lateness: distribution,
  cells: z.array(cell),
  /** Of devices whose keys are in tokens; absent when there was none. */
  keyCustody: keyCustody.optional(),
  /** Where the scenario asks for it. */
  clientGrades: clientGrades.optional(),
  errors: z.array(errorCount),
  /** Why devices failed, from evidence: at most a thousand, and a few of those that failed alike. Absent when none did. */
  diagnoses: z.array(diagnosis).optional(),
  timeSeries: z.strictObject({ intervalMs: z.number(), slices: z.array(timeSlice) }),
  checks: z.array(check),
  verdict: z.enum(['passed', 'correctness-failed', 'performance-failed', 'interrupted']),
});

export type RunResult = z.infer<typeof runResultSchema>;
export type Distribution = z.infer<typeof distribution>;
export type Check = z.infer<typeof check>;
export type CellResult = z.infer<typeof cell>;
export type ErrorCount = z.infer<typeof errorCount>;
export type Diagnosis = z.infer<typeof diagnosis>;
export type OutcomeCounts = z.infer<typeof outcomeCounts>;
export type ClientGrades = z.infer<typeof clientGrades>;
export type ClientGrade = z.infer<typeof clientGrade>;
export type GradeFinding = z.infer<typeof gradeFinding>;
export type KeyCustody = z.infer<typeof keyCustody>;
export type TimeSlice = z.infer<typeof timeSlice>;
