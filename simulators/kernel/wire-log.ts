import { AsyncLocalStorage } from 'node:async_hooks';
import { systemClock } from './clock.ts';

/** Where things go by between a device and what it talks to, from its own steps outwards. */
export const wireLayers = ['step', 'tpm', 'pkcs11', 'tls', 'http', 'mqtt', 'amqp'] as const;
export type WireLayer = (typeof wireLayers)[number];

/** What went by, without its secrets. */
export interface WireDetail {
  /** On one line: `PUT /0ne…/register`. */
  readonly text: string;
  /** By name, in the order in which they went by. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** Something that went by. It is put into words when somebody asks: most devices succeed, and nobody does. */
export interface WireMoment {
  readonly layer: WireLayer;
  /** Beginning, on the monotonic clock. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly tell: () => WireDetail;
}

export type WireTap = (moment: WireMoment) => void;

/** Of one device: what it does belongs to it, on however many connections. */
const taps = new AsyncLocalStorage<WireTap>();

/** Does the work of a device whose messages somebody sees. */
export const watched = <T>(tap: WireTap, work: () => T): T => taps.run(tap, work);

/** Whether somebody sees what the device of this moment does; connections ask once, when they are opened. */
export const currentTap = (): WireTap | undefined => taps.getStore();

/** Tells whoever watches what went by just now, or since a time of the monotonic clock. */
export function tellWire(
  tap: WireTap | undefined,
  layer: WireLayer,
  tell: () => WireDetail,
  sinceMs = systemClock.monotonicMs(),
): void {
  tap?.({ layer, atMs: sinceMs, durationMs: systemClock.monotonicMs() - sinceMs, tell });
}

/** A moment in words, as plain data. */
export interface WireRecord extends WireDetail {
  readonly layer: WireLayer;
  /** Since the device was switched on. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** Puts moments into words, in the order of time. @param fromMs when the device was switched on */
export function tellMoments(moments: readonly WireMoment[], fromMs: number): readonly WireRecord[] {
  return moments
    .map(({ layer, atMs, durationMs, tell }) => ({ layer, atMs: atMs - fromMs, durationMs, ...tell() }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

const SHOWN_CHARACTERS = 160;
const SHOWN_BYTES = 24;

/** Text from the wire with its signatures left out, and no longer than a person reads. */
export function shownText(text: string): string {
  const redacted = text.replaceAll(/((?:sig|SharedAccessSignature sig)=)[^&\s"]+/g, '$1(redacted)');
  if (redacted.length <= SHOWN_CHARACTERS) return redacted;
  return `${redacted.slice(0, SHOWN_CHARACTERS)}… (${redacted.length} characters)`;
}

/** Bytes in hexadecimal, the first of many. */
export function shownBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return '(empty)';
  const hex = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex');
  return bytes.length <= SHOWN_BYTES ? hex : `${hex}… (${bytes.length} bytes)`;
}

/** What is told of a secret. */
export const shownSecret = ({ length }: { readonly length: number }): string => `(redacted, ${length} bytes)`;

/** The members of a JSON body by their paths, each as {@link shownText}; of another body its beginning. */
export function shownBody(body: string): Readonly<Record<string, string>> {
  if (body === '') return {};
  try {
    return Object.fromEntries(leaves(JSON.parse(body), 'body'));
  } catch {
    return { body: shownText(body) };
  }
}

function leaves(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [[path, shownText(String(value))]];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, `${path}.${name}`));
}
