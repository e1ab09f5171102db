import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import type {
  DeviceInHub,
  DpsEndpoint,
  FleetAuthority,
  IndividualEnrollment,
  IssuedKey,
} from '../../simulators/index.ts';
import type { HttpProxy } from '../../simulators/schemas.ts';
import type { Outcome } from '../metrics/outcome.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';

/** What workers ask a coordinator; every question has an answer, and may be asked again. */
export const questions = ['join', 'lease', 'enroll', 'snapshot', 'result', 'leave'] as const;
export type Question = (typeof questions)[number];

/** Data of a class or with functions does not get here: what is said of these types is what JSON keeps. */
const plain = <T>() => z.custom<T>((value) => typeof value === 'object' && value !== null);

const worker = z.string().min(1);
const counts = z.strictObject({
  started: z.int(),
  assigned: z.int(),
  ended: z.int(),
  error: z.int(),
  aborted: z.int(),
});
const lease = z.strictObject({ worker, range: z.int().nonnegative(), delivery: z.int().positive() });

/** By question. */
export const questionSchemas = {
  join: z.strictObject({ worker, version: z.string(), threads: z.int().positive() }),
  lease,
  enroll: z.strictObject({
    worker,
    enrollments: z.array(plain<IndividualEnrollment>()),
    devices: z.array(plain<DeviceInHub>()),
  }),
  snapshot: z.strictObject({
    worker,
    sequence: z.int().nonnegative(),
    /** It holds what it can get, everything of it is prepared, and it waits. */
    ready: z.boolean(),
    /** Of its process since the start. */
    cpuMs: z.number(),
    tokenSessions: z.strictObject({ opened: z.int(), open: z.int() }),
    ranges: z.array(lease.omit({ worker: true }).extend({ counts })),
  }),
  result: lease.extend({
    outcomes: z.array(plain<Outcome>()),
    /** By registrationId, of keys in tokens. */
    keys: z.array(z.tuple([z.string(), plain<IssuedKey>()])),
  }),
  leave: z.strictObject({ worker, reason: z.string().nullable() }),
} as const satisfies Record<Question, z.ZodType>;

export type Asked<Q extends Question> = z.infer<(typeof questionSchemas)[Q]>;

/** Arming: ranges are prepared. Going: devices start at a moment. Draining: no device starts any more. */
const phase = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('arming') }),
  /** Milliseconds of the epoch. */
  z.strictObject({ kind: z.literal('going'), startAtMs: z.number() }),
  z.strictObject({ kind: z.literal('draining') }),
  z.strictObject({ kind: z.literal('done') }),
]);
export type RunPhase = z.infer<typeof phase>;

/** What a worker must know to take part. Holds the keys of the fleet. */
const welcome = z.strictObject({
  runId: z.string(),
  /** Counted from 1, of those who joined. */
  number: z.int().positive(),
  /** Who were asked for: the load is shared out to so many. */
  workers: z.int().positive(),
  leaseMs: z.int().positive(),
  scenario: plain<Scenario>(),
  /** For messages. */
  scenarioFile: z.string(),
  endpoint: z.strictObject({ dps: plain<DpsEndpoint>(), hubs: z.array(z.string()) }),
  proxy: plain<HttpProxy>().optional(),
  authority: plain<FleetAuthority>(),
});
export type Welcome = z.infer<typeof welcome>;

/** By question. */
export const answerSchemas = {
  join: z.union([welcome, z.strictObject({ refused: z.string() })]),
  lease: z.strictObject({ outcome: z.enum(['yours', 'done', 'superseded']) }),
  enroll: z.strictObject({}),
  snapshot: z.strictObject({ phase }),
  result: z.strictObject({ outcome: z.enum(['take', 'taken', 'superseded']) }),
  leave: z.strictObject({}),
} as const satisfies Record<Question, z.ZodType>;

export type Answered<Q extends Question> = z.infer<(typeof answerSchemas)[Q]>;

const deflated = promisify(deflateRaw);
const inflated = promisify(inflateRaw);
/** Of what one message may come to when it is unpacked. */
const MOST_BYTES = 256 * 2 ** 20;

/** As messages carry it: JSON, compressed. */
export const encodeMessage = (value: unknown): Promise<Uint8Array> => deflated(JSON.stringify(value));

/** @throws SyntaxError, or zlib's error, of what is no message */
export async function decodeMessage(data: Uint8Array): Promise<unknown> {
  return JSON.parse((await inflated(data, { maxOutputLength: MOST_BYTES })).toString('utf8')) as unknown;
}
