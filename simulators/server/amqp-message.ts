import rhea, { type Message } from 'rhea';

/** A message as far as the services of Azure use one. */
export interface AmqpMessage {
  /** Of any type that the standard allows; a reply carries it back as it came. */
  readonly correlationId?: unknown;
  readonly messageId?: unknown;
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  /** Message annotations: the hub's twins have their fields there. */
  readonly annotations: Readonly<Record<string, unknown>>;
  /** Of data sections; of an amqp-value where that is text. Empty where there is neither. */
  readonly body: Buffer;
}

/** A condition of the standard or of Azure, and what it says. AMQP 1.0 §2.8.14 */
export interface AmqpError {
  readonly condition: string;
  readonly description?: string;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** What a service makes of a message. */
export type AmqpOutcome =
  | { readonly kind: 'accepted'; readonly reply?: AmqpReply }
  | { readonly kind: 'rejected'; readonly error: AmqpError };

export interface AmqpReply {
  /** Default: that of the request. */
  readonly correlationId?: unknown;
  readonly applicationProperties?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

/** @param message as rhea decoded it, from a peer: any field may be of any type */
export function fromRhea(message: Message): AmqpMessage {
  return {
    correlationId: message.correlation_id,
    messageId: message.message_id,
    applicationProperties: asRecord(message.application_properties),
    annotations: asRecord(message.message_annotations),
    body: bodyOf(message.body),
  };
}

/**
 * A reply, always one data section: a client of Azure drops anything else.
 *
 * @param correlationId in the type in which the request had it, or clients do not recognise their own
 */
export function toRhea(
  { applicationProperties, annotations, body }: AmqpReply,
  correlationId: unknown,
): Message {
  return {
    ...(correlationId === undefined ? {} : { correlation_id: sameType(correlationId) }),
    ...(applicationProperties === undefined ? {} : { application_properties: { ...applicationProperties } }),
    ...(annotations === undefined ? {} : { message_annotations: { ...annotations } }),
    body: rhea.message.data_section(Buffer.from(body)) as unknown,
  };
}

/** rhea takes bytes for a UUID, which has 16 of them; a `binary` of another length must be named as such. */
const sameType = (id: unknown): string =>
  (Buffer.isBuffer(id) && id.length !== 16 ? rhea.types.wrap_binary(id) : id) as string;

function bodyOf(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body);
  const { content } = asRecord(body);
  if (Buffer.isBuffer(content)) return content;
  return Array.isArray(content)
    ? Buffer.concat(content.filter((part) => Buffer.isBuffer(part)))
    : Buffer.alloc(0);
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** Numbers of a type that clients insist on, for the properties and annotations of a reply. */
export const amqpInt = (value: number): unknown => rhea.types.wrap_int(value);
export const amqpLong = (value: number): unknown => rhea.types.wrap_long(value);
