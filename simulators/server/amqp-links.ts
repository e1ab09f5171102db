import type { Connection, EventContext, Message, Receiver, Sender } from 'rhea';
import { toError } from '../kernel/errors.ts';
import type { AmqpError, AmqpMessage, AmqpOutcome } from './amqp-message.ts';
import { fromRhea, toRhea } from './amqp-message.ts';

interface LinkRules {
  refuseLink(address: string, properties: Readonly<Record<string, unknown>>): AmqpError | undefined;
  receive(message: AmqpMessage, address: string): AmqpOutcome;
}

/** Requests that a client may have under way on one link. */
const CREDIT = 32;
const MAX_LINKS = 16;
const MAX_SESSIONS = 4;

/**
 * Answers attach, transfer and flow of a connection: links are let in by address, each message is settled and then
 * replied to. Rules of AMQP 1.0 that rhea leaves to its user are kept here.
 */
export function serveLinks(
  connection: Connection,
  rules: LinkRules,
  close: (error: AmqpError) => void,
): void {
  const replyLinks = new Map<string, Sender>();
  const counts = { links: 0, sessions: 0 };
  const refuseExcess = (what: keyof typeof counts, limit: number): void => {
    counts[what] += 1;
    if (counts[what] <= limit) return;
    close({
      condition: 'amqp:resource-limit-exceeded',
      description: `more than ${limit} ${what}`,
    });
  };
  const admit = (link: Sender | Receiver, address: string): boolean => {
    refuseExcess('links', MAX_LINKS);
    link.set_source({ ...link.source });
    link.set_target({ ...link.target });
    const refusal = rules.refuseLink(address, { ...link.properties });
    if (refusal === undefined) return true;
    link.close(refusal);
    return false;
  };

  connection.on('session_open', () => refuseExcess('sessions', MAX_SESSIONS));
  connection.on('session_close', () => {
    counts.sessions -= 1;
  });
  // The names of rhea's events are of our side: what the client sends on is our receiver.
  connection.on('receiver_open', ({ receiver }: EventContext) => {
    if (receiver === undefined || !admit(receiver, addressOf(receiver.target))) return;
    receiver.add_credit(CREDIT);
  });
  connection.on('sender_open', ({ sender }: EventContext) => {
    if (sender === undefined) return;
    const address = addressOf(sender.source);
    if (admit(sender, address)) replyLinks.set(address, sender);
  });
  for (const event of ['receiver_close', 'receiver_error', 'sender_close', 'sender_error']) {
    connection.on(event, ({ sender }: EventContext) => {
      if (event.endsWith('_close')) counts.links -= 1;
      if (sender !== undefined && replyLinks.get(addressOf(sender.source)) === sender) {
        replyLinks.delete(addressOf(sender.source));
      }
    });
  }
  connection.on('message', ({ receiver, message, delivery }: EventContext) => {
    if (receiver === undefined || message === undefined || delivery === undefined) return;
    const address = addressOf(receiver.target);
    const request = fromRhea(message);
    const outcome = rules.receive(request, address);
    if (outcome.kind === 'rejected') {
      delivery.reject({ ...outcome.error });
    } else {
      delivery.accept();
      const { reply } = outcome;
      const link = replyLinks.get(address);
      // Later, so that the disposition leaves first: the C# and Java SDKs wait for it before they read.
      if (reply !== undefined) {
        setImmediate(() => {
          if (link?.is_open() === true)
            trySend(link, toRhea(reply, reply.correlationId ?? request.correlationId), close);
        });
      }
    }
    const { credit } = receiver as Receiver & { readonly credit: number }; // not in rhea's types
    if (credit <= CREDIT / 2) receiver.add_credit(CREDIT - credit);
  });
}

/** Replies wait for the client's credit; one that never gives any, or never settles, has come to its end. */
function trySend(link: Sender, message: Message, close: (error: AmqpError) => void): void {
  try {
    link.send(message);
  } catch (thrown) {
    const description = toError(thrown).message;
    close({ condition: 'amqp:resource-limit-exceeded', description });
  }
}

/** The part of an address that names something: clients send it bare, with a slash in front, or as a whole URL. */
function addressOf(terminus: { readonly address?: unknown } | undefined): string {
  const address = typeof terminus?.address === 'string' ? terminus.address : '';
  return address.replace(/^amqps?:\/\/[^/]*/i, '').replace(/^\//, '');
}
