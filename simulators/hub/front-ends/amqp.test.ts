import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createInstantClock } from '../../kernel/testing/instant-clock.ts';
import type { AmqpApplication } from '../../server/amqp-connection.ts';
import type { AmqpMessage, AmqpOutcome } from '../../server/amqp-message.ts';
import { HubDirectory } from '../hub-directory.ts';
import { createIdentity, createModule } from '../hub-registry.ts';
import { createHubService } from '../hub-service.ts';
import { createHubAmqpFrontEnd } from './amqp.ts';
import type { HubRequestRecord } from './https.ts';

const hub = 'hub-1.example.net';
const key = randomBytes(32);
const now = Date.UTC(2026, 0, 1);
const inAnHour = now / 1000 + 3_600;

function token(resource: string, { signedWith = key, se = inAnHour } = {}): string {
  const sr = encodeURIComponent(`${hub}/${resource}`);
  const sig = createHmac('sha256', signedWith).update(`${sr}\n${se}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}`;
}

function openFrontEnd() {
  const directory = new HubDirectory([hub]);
  const registry = directory.find(hub);
  if (registry === undefined) throw new Error('no hub');
  const authentication = { type: 'sas', primaryKey: key.toString('base64'), secondaryKey: '' } as const;
  const initialTwin = { properties: { desired: { interval: 5 } } };
  const device = createIdentity({ deviceId: 'dev', authentication, initialTwin, iotEdge: true });
  const edgeHub = createModule('dev', '$edgeHub', { authentication });
  registry.put({ ...device, modules: { ...device.modules, $edgeHub: edgeHub } });
  registry.put(createIdentity({ deviceId: 'off', authentication, status: 'disabled' }));
  const service = createHubService({ directory, policies: [], clock: createInstantClock(now) });
  const log: HubRequestRecord[] = [];
  const open = createHubAmqpFrontEnd({ directory, service, onAnswered: (record) => log.push(record) });
  const session = open([]);
  session.opened?.(hub);
  return { session, registry, log };
}

const message = (body = '', more: Partial<AmqpMessage> = {}): AmqpMessage => ({
  ...{ messageId: 'm-1', applicationProperties: {}, annotations: {}, body: Buffer.from(body) },
  ...more,
});

const putToken = (session: AmqpApplication, text: string): AmqpOutcome =>
  session.receive(
    message(text, { applicationProperties: { operation: 'put-token', type: 'azure-devices.net:sastoken' } }),
    '$cbs',
  );

/** Status of a reply to put-token or to a twin request. */
function statusOf(outcome: AmqpOutcome): unknown {
  if (outcome.kind === 'rejected') return outcome.error.condition;
  const { applicationProperties = {}, annotations = {} } = outcome.reply ?? {};
  const status = applicationProperties['status-code'] ?? annotations['status'];
  return (status as { value?: unknown } | undefined)?.value;
}

const events = 'devices/dev/messages/events';

describe('a hub over AMQP: tokens', () => {
  it('takes telemetry after put-token, and none before', () => {
    const { session, log } = openFrontEnd();
    expect(session.refuseLink(events, {})).toMatchObject({ condition: 'amqp:unauthorized-access' });
    expect(putToken(session, token('devices/dev'))).toMatchObject({ reply: { correlationId: 'm-1' } });
    expect(session.refuseLink(events, {})).toBeUndefined();
    expect(session.receive(message('{"t":1}'), events)).toEqual({ kind: 'accepted' });
    expect(log.map(({ path, status }) => [path, status])).toEqual([
      [events, 401],
      ['$cbs', 200],
      [events, 200],
    ]);
  });

  it.each([
    ['is signed with another key', token('devices/dev', { signedWith: randomBytes(32) }), 401],
    ['has expired', token('devices/dev', { se: now / 1000 - 1 }), 401],
    ['is for a device that is not there', token('devices/nobody'), 404],
    ['is for a disabled device', token('devices/off'), 401],
    ['is for no device at all', token('something'), 401],
    ['is no token', 'SharedAccessSignature nonsense', 401],
  ])('answers put-token with a status when the token %s', (_, text, status) => {
    const { session } = openFrontEnd();
    expect(statusOf(putToken(session, text))).toBe(status);
    expect(session.refuseLink(events, {})).toBeDefined();
  });

  it('knows no other operation of $cbs', () => {
    const { session } = openFrontEnd();
    const outcome = session.receive(message('', { applicationProperties: { operation: 'rename' } }), '$cbs');
    expect(statusOf(outcome)).toBe(400);
  });

  it.each([
    ['dev@sas.hub-1', token('devices/dev'), true],
    [`dev@sas.${hub}`, token('devices/dev'), true],
    ['dev@sas.hub-1', token('devices/dev', { signedWith: randomBytes(32) }), false],
    ['off@sas.hub-1', token('devices/off'), false],
  ])('decides SASL PLAIN for %s by the token', (userName, password, authenticated) => {
    const { session, log } = openFrontEnd();
    const exchange = session.mechanisms['PLAIN']?.();
    const step = exchange?.next(Buffer.from(`\0${userName}\0${password}`));
    expect(step).toEqual({ kind: 'decided', authenticated });
    expect(log).toMatchObject([{ method: 'AMQP', path: 'sasl' }]);
    expect(JSON.stringify(log)).not.toContain('sig=');
    if (authenticated) expect(session.refuseLink(events, {})).toBeUndefined();
  });
});

describe('a hub over AMQP: devices and modules', () => {
  it('takes no more from a device that was disabled meanwhile', () => {
    const { session, registry } = openFrontEnd();
    putToken(session, token('devices/dev'));
    const device = registry.get('dev');
    if (device === undefined) throw new Error('no device');
    registry.put({ ...device, status: 'disabled' });
    expect(session.receive(message('x'), events)).toMatchObject({
      kind: 'rejected',
      error: { condition: 'amqp:unauthorized-access' },
    });
  });

  it('lets a module in by its own token or by its device’s, and a device not by the module’s', () => {
    const module = 'devices/dev/modules/%24edgeHub/messages/events';
    for (const resource of ['devices/dev/modules/$edgeHub', 'devices/dev']) {
      const { session } = openFrontEnd();
      expect(statusOf(putToken(session, token(resource)))).toBe(200);
      expect(session.receive(message('x'), module)).toEqual({ kind: 'accepted' });
    }
    const { session } = openFrontEnd();
    putToken(session, token('devices/dev/modules/$edgeHub'));
    expect(session.refuseLink(events, {})).toMatchObject({ condition: 'amqp:unauthorized-access' });
  });

  it('refuses links and messages to what no device has', () => {
    const { session } = openFrontEnd();
    putToken(session, token('devices/dev'));
    expect(session.refuseLink('queues/q', {})).toMatchObject({ condition: 'amqp:not-found' });
    expect(session.receive(message('x'), 'devices/dev/somewhere')).toMatchObject({
      error: { condition: 'amqp:not-found' },
    });
  });

  it('refuses a message of more than 256 KiB by its own condition, and goes on', () => {
    const { session } = openFrontEnd();
    putToken(session, token('devices/dev'));
    expect(session.receive(message('x'.repeat(256 * 1024)), events)).toEqual({ kind: 'accepted' });
    expect(session.receive(message('x'.repeat(256 * 1024 + 1)), events)).toMatchObject({
      error: { condition: 'amqp:link:message-size-exceeded' },
    });
    expect(session.receive(message('x'), events)).toEqual({ kind: 'accepted' });
  });
});

describe('a hub over AMQP: twins', () => {
  const twin = 'devices/dev/twin';
  const ask = (session: AmqpApplication, annotations: Record<string, unknown>, body = ''): AmqpOutcome =>
    session.receive(message(body, { annotations }), twin);
  const bodyOf = (outcome: AmqpOutcome): unknown => {
    const body = outcome.kind === 'accepted' ? (outcome.reply?.body ?? '') : '';
    return JSON.parse(Buffer.from(body).toString('utf8'));
  };

  it('reads, merges what is reported, and counts versions', () => {
    const { session } = openFrontEnd();
    putToken(session, token('devices/dev'));
    expect(bodyOf(ask(session, { operation: 'GET' }))).toEqual({
      desired: { interval: 5, $version: 1 },
      reported: { $version: 1 },
    });
    const patch = { operation: 'PATCH', resource: '/properties/reported' };
    expect(statusOf(ask(session, patch, '{"led":"on","x":{"y":1}}'))).toBe(204);
    expect(statusOf(ask(session, patch, '{"led":null}'))).toBe(204);
    expect(bodyOf(ask(session, { operation: 'GET' }))).toMatchObject({
      reported: { x: { y: 1 }, $version: 3 },
    });
  });

  it.each([
    ['another resource', { operation: 'PATCH', resource: '/properties/desired' }, '{}', 400],
    ['no JSON', { operation: 'PATCH', resource: '/properties/reported' }, 'led=on', 400],
    ['an array', { operation: 'PATCH', resource: '/properties/reported' }, '[]', 400],
    ['no operation', {}, '', 400],
  ])('answers %s with a status of its own', (_, annotations, body, status) => {
    const { session } = openFrontEnd();
    putToken(session, token('devices/dev'));
    expect(statusOf(ask(session, annotations, body))).toBe(status);
  });
});
