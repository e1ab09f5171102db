import { z } from 'zod';
import { UsageError } from '../kernel/errors.ts';
import { describeMismatch } from './enrollment-schema.ts';

const selector = {
  on: z.enum(['register', 'poll']).optional().describe('Which requests. Default: register.'),
  devices: z
    .union([z.string().min(1), z.array(z.string().min(1))])
    .optional()
    .describe('registrationIds; * stands for anything. Default: all.'),
  fromAttempt: z
    .int()
    .min(1)
    .optional()
    .describe('Of the requests of one device, the first that is met. Default: 1.'),
  attempts: z.int().min(1).optional().describe('How many of them. Default: all that follow.'),
  fromSeconds: z.number().nonnegative().optional().describe('Since it was ordered. Default: 0.'),
  forSeconds: z.number().positive().optional().describe('From then on. Default: for ever.'),
  probability: z.number().min(0).max(1).optional().describe('Of each of them, by the seed. Default: 1.'),
};

const retryAfter = z.int().min(0).max(86_400);

/** A fault that an emulator is ordered to have: what it does, and to whom. */
export const serviceFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('throttle').describe('429.'),
    retryAfter: retryAfter.optional(),
    ...selector,
  }),
  z.strictObject({ kind: z.literal('unavailable').describe('503.'), ...selector }),
  z.strictObject({
    kind: z.literal('refuse').describe('Any refusal.'),
    errorCode: z.int().min(400_000).max(599_999).describe('Its first three digits are the status.'),
    message: z.string().default('Refused'),
    ...selector,
  }),
  z.strictObject({
    kind: z.literal('fail').describe('The registration is accepted and ends as failed.'),
    errorCode: z.int().min(400_000).max(599_999),
    message: z.string().default('Failed'),
    assigningMs: z.int().min(0).default(0).describe('How long it stays assigning before.'),
    ...selector,
  }),
  z.strictObject({
    kind: z
      .literal('identity-lost')
      .describe('The registration ends as assigned, and somebody deletes the device in its hub.'),
    ...selector,
  }),
  z.strictObject({ kind: z.literal('reset').describe('The connection is cut; HTTPS.'), ...selector }),
  z.strictObject({ kind: z.literal('silence').describe('No answer ever comes; HTTPS.'), ...selector }),
  z.strictObject({
    kind: z.literal('delay').describe('The answer is held back; HTTPS.'),
    ms: z.int().min(1).max(600_000),
    ...selector,
  }),
  z.strictObject({
    kind: z.literal('retry-after').describe('What stands in Retry-After of a 202; HTTPS.'),
    value: z.union([retryAfter, z.literal('absent'), z.literal('http-date')]),
    ...selector,
  }),
]);

export type ServiceFault = z.infer<typeof serviceFaultSchema>;

/** The kinds, for messages and help. */
const serviceFaultKinds: readonly ServiceFault['kind'][] = [
  'throttle',
  'unavailable',
  'refuse',
  'fail',
  'identity-lost',
  'reset',
  'silence',
  'delay',
  'retry-after',
];

/** One or a list of them, as JSON. @throws UsageError */
export function parseServiceFaults(value: unknown): readonly ServiceFault[] {
  const parsed = z.array(serviceFaultSchema).safeParse(Array.isArray(value) ? value : [value]);
  if (parsed.success) return parsed.data;
  throw new UsageError(`the list of faults: ${describeMismatch(parsed.error)}`);
}

/**
 * A fault as on a command line: `throttle`, `throttle=20%`, `delay,ms=500,on=poll`, `refuse=5%,errorCode=401002`.
 *
 * @throws UsageError saying what was expected
 */
export function parseServiceFaultText(text: string): ServiceFault {
  const [first = '', ...rest] = text.split(',');
  const [kind = '', share] = first.replace(/^dps\./, '').split('=');
  const members = Object.fromEntries(rest.map((part) => readMember(part, text)));
  const [fault] = parseServiceFaults({
    kind,
    ...(share === undefined ? {} : { probability: readShare(share, text) }),
    ...members,
  });
  if (fault === undefined) throw notAFault(text);
  return fault;
}

function readMember(part: string, text: string): readonly [string, unknown] {
  const [, key, value] = /^([A-Za-z]+)=(.+)$/.exec(part) ?? [];
  if (key === undefined || value === undefined) throw notAFault(text);
  return [key, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value];
}

function readShare(share: string, text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(share) ?? [];
  if (number === undefined) throw notAFault(text);
  return percent === '%' ? Number(number) / 100 : Number(number);
}

const notAFault = (text: string): UsageError =>
  new UsageError(`${text} is no fault of the service`, {
    hint: `Expected for example throttle=20% or delay,ms=500,on=poll; kinds are ${serviceFaultKinds.join(', ')}.`,
  });
