import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { NoRespondersError, nanos, TimeoutError } from '@nats-io/nats-core';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { EnvironmentError, toError } from '../../simulators/kernel/errors.ts';
import type { NatsAddress } from './nats-url.ts';

/** A connection to a NATS server with JetStream: questions and answers, and queues of work. */
export interface NatsLink extends AsyncDisposable {
  /** @returns undefined when nobody answers in time */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array | 'nobody' | 'timeout'>;
  /** Answers until the link is closed. */
  serve(subject: string, answer: (data: Uint8Array) => Promise<Uint8Array>): void;
  /** Makes a queue and puts the items in. @param leaseMs how long one is held without a word from its holder */
  createQueue(name: string, items: readonly Uint8Array[], leaseMs: number): Promise<void>;
  removeQueue(name: string): Promise<void>;
  openQueue(name: string): Promise<WorkQueue>;
}

export interface WorkQueue {
  /** @returns undefined when there was nothing for a second */
  take(): Promise<LeasedItem | undefined>;
}

/** Given to nobody else as long as its holder keeps it. */
export interface LeasedItem {
  readonly data: Uint8Array;
  /** 1 when it is given out for the first time. */
  readonly delivery: number;
  keep(): void;
  /** Gives it back: another one may have it at once. */
  release(): void;
  /** Takes it out of the queue. */
  done(): void;
}

const CONSUMER = 'workers';
const CONNECT_TIMEOUT_MS = 10_000;
/** The least that the client takes. */
const TAKE_MS = 1_000;
/** What a coordinator left that was killed. */
const KEPT_AT_MOST_MS = 24 * 3_600_000;

/** @throws EnvironmentError when the server cannot be reached, or lets nobody in */
export async function openNatsLink(address: NatsAddress, name: string): Promise<NatsLink> {
  const connection = await connectTo(address, name);
  return {
    request: async (subject, data, timeoutMs) => {
      requireFits(connection, data);
      try {
        return (await connection.request(subject, data, { timeout: timeoutMs })).data;
      } catch (error) {
        if (isCausedBy(error, NoRespondersError)) return 'nobody';
        if (isCausedBy(error, TimeoutError)) return 'timeout';
        throw new EnvironmentError('NATS', `the connection to ${address.shown} is lost`, { cause: error });
      }
    },
    serve: (subject, answer) => {
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error !== null) return;
          void answer(message.data).then((data) => message.respond(data));
        },
      });
    },
    createQueue: (queue, items, leaseMs) =>
      asking(address, () => createQueue(connection, { queue, items, leaseMs })),
    removeQueue: async (queue) => {
      const manager = await jetstreamManager(connection);
      await manager.streams.delete(queue);
    },
    openQueue: (queue) => asking(address, () => openQueue(connection, queue)),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

async function connectTo(
  { server, shown, user, password, tls }: NatsAddress,
  name: string,
): Promise<NatsConnection> {
  return connect({
    ...{
      servers: server,
      name,
      timeout: CONNECT_TIMEOUT_MS,
      reconnectTimeWait: 1_000,
      maxReconnectAttempts: 60,
    },
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(tls === undefined ? {} : { tls }),
  }).catch((cause: unknown) => {
    throw new EnvironmentError('NATS', `${shown} lets nobody in: ${toError(cause).message}`, {
      hint: 'Start a server with JetStream: nats-server --jetstream --addr 127.0.0.1',
      cause,
    });
  });
}

async function createQueue(
  connection: NatsConnection,
  { queue, items, leaseMs }: { queue: string; items: readonly Uint8Array[]; leaseMs: number },
): Promise<void> {
  const manager = await jetstreamManager(connection);
  const subject = `${queue}.items`;
  await manager.streams.add({
    ...{ name: queue, subjects: [subject], max_age: nanos(KEPT_AT_MOST_MS) },
    ...{ retention: RetentionPolicy.Workqueue, storage: StorageType.Memory },
  });
  await manager.consumers.add(queue, {
    durable_name: CONSUMER,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(leaseMs),
    max_ack_pending: -1,
    max_deliver: -1,
  });
  const client = jetstream(connection);
  // An id for each: one that is published again after a lost answer is there once.
  for (const [index, item] of items.entries())
    await client.publish(subject, item, { msgID: `${queue} ${index}` });
}

async function openQueue(connection: NatsConnection, queue: string): Promise<WorkQueue> {
  const consumer = await jetstream(connection).consumers.get(queue, CONSUMER);
  return {
    take: async () => {
      const message = await consumer.next({ expires: TAKE_MS });
      if (message === null) return undefined;
      return {
        data: message.data,
        delivery: message.info.deliveryCount,
        keep: () => message.working(),
        release: () => {
          if (!connection.isClosed()) message.nak();
        },
        done: () => message.ack(),
      };
    },
  };
}

async function asking<T>({ shown }: NatsAddress, question: () => Promise<T>): Promise<T> {
  return question().catch((cause: unknown) => {
    throw new EnvironmentError('NATS', `${shown} does not do what it is asked: ${toError(cause).message}`, {
      hint: 'The server needs JetStream: nats-server --jetstream',
      cause,
    });
  });
}

/** The client wraps what went wrong in a RequestError. */
const isCausedBy = (error: unknown, kind: abstract new (...args: never[]) => Error): boolean =>
  error instanceof kind || (error instanceof Error && error.cause instanceof kind);

function requireFits({ info }: NatsConnection, data: Uint8Array): void {
  const most = info?.max_payload ?? Number.POSITIVE_INFINITY;
  if (data.length <= most) return;
  throw new EnvironmentError('NATS', `a message of ${data.length} bytes, and the server takes ${most}`, {
    hint: 'Set a smaller run.rangeSize, or a larger max_payload of the server.',
  });
}
