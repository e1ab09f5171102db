import rhea from 'rhea';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningDps, startDps } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { type AmqpClient, openAmqpClient } from '../support/amqp-client.ts';
import { deviceToken } from '../support/device-tokens.ts';

const key = new Uint8Array(32).fill(7);
const register = { 'iotdps-operation-type': 'iotdps-register' };
const status = (operationId: unknown) => ({
  'iotdps-operation-type': 'iotdps-get-operationstatus',
  'iotdps-operation-id': operationId,
});
const data = (text: string): unknown => rhea.message.data_section(Buffer.from(text)) as unknown;

describe('the device API over AMQP', () => {
  let dps: RunningDps;
  beforeAll(async () => {
    dps = await startDps({ retryAfterSeconds: 3 });
  });
  afterAll(() => dps[Symbol.asyncDispose]());
  beforeEach(async () => {
    await dps.control.reset();
    const symmetricKey = { primaryKey: toBase64(key) };
    await dps.control.enroll([
      { registrationId: 'dev-01', attestation: { type: 'symmetricKey', symmetricKey } },
    ]);
  });

  const username = () => `${dps.idScope}/registrations/dev-01`;
  const open = (address = username()): AmqpClient => {
    const password = deviceToken({ idScope: dps.idScope, registrationId: 'dev-01', key });
    return openAmqpClient(dps, address, { username: username(), password });
  };

  it.each([
    ['bare, as Node and C# write it', (path: string) => path],
    ['with a slash, as Java does', (path: string) => `/${path}`],
    ['as a whole URL, as C does', (path: string) => `amqps://global.azure-devices-provisioning.net/${path}`],
  ])('takes the address %s', async (_form, write) => {
    await using client = open(write(username()));
    const { reply } = await client.request({ application_properties: register, body: data('{}') });
    expect(reply?.json).toMatchObject({ status: 'assigning' });
  });

  it('tells when to come again in both spellings, as an int, until the operation is done', async () => {
    await using client = open();
    const first = await client.request({ application_properties: register, body: data('{}') });
    expect(first.reply?.message.application_properties).toEqual({ 'retry-after': 3, 'Retry-After': 3 });
    const { operationId } = first.reply?.json ?? {};
    const second = await client.request({ application_properties: status(operationId), body: '' });
    expect(second.reply?.message.application_properties).toBeUndefined();
    expect(second.reply?.json).toMatchObject({ operationId, status: 'assigned' });
  });

  it.each([
    ['nothing, as C# without payload', data('')],
    ['a payload alone, as C#', data('{"payload":{"a":1}}')],
    ['text in a value, as a status query of C#', 'iotdps-get-operationstatus'],
  ])('takes a body with %s', async (_what, body) => {
    await using client = open();
    const registered = await client.request({
      application_properties: register,
      body: typeof body === 'string' ? data('{}') : body,
    });
    const { operationId } = registered.reply?.json ?? {};
    const { reply } = await client.request({ application_properties: status(operationId), body });
    expect(reply?.json).toMatchObject({ status: 'assigned' });
  });

  it.each([
    ['text', 'e3b0c442'],
    ['a number', 7],
    ['a UUID', Buffer.from('00112233445566778899aabbccddeeff', 'hex')],
    ['none', undefined],
  ])('gives back a correlation id in its own type: %s', async (_type, id) => {
    await using client = open();
    const { reply } = await client.request({
      application_properties: register,
      body: data('{}'),
      ...(id === undefined ? {} : { correlation_id: id }),
    });
    expect(reply?.message.correlation_id).toEqual(id);
  });

  it('rejects with the condition that Node reads and the JSON that C# reads', async () => {
    await using client = open();
    const { error } = await client.request({ application_properties: status('nope'), body: '' });
    expect(error?.condition).toBe('amqp:not-found');
    expect(JSON.parse(error?.description ?? '')).toMatchObject({
      errorCode: 404202,
      trackingId: expect.any(String) as unknown,
      message: 'Operation not found',
    });
    const again = await client.request({ application_properties: register, body: data('{}') });
    expect(again.outcome).toBe('accepted'); // the link lives on
  });

  it.each([
    ['an unknown operation', { 'iotdps-operation-type': 'iotdps-delete' }, '{}', 400004],
    ['no operation', {}, '{}', 400004],
    ['a status query without operation', status(undefined), '{}', 400004],
    ['a body that is not JSON', register, '{', 400006],
    ['another registrationId in the body', register, '{"registrationId":"dev-02"}', 400004],
    ['a body larger than the service takes', register, `"${'x'.repeat(98_500)}"`, 413000],
  ])('rejects %s', async (_what, properties, body, errorCode) => {
    await using client = open();
    const { error } = await client.request({ application_properties: properties, body: data(body) });
    expect(JSON.parse(error?.description ?? '')).toMatchObject({ errorCode });
  });

  it('refuses a link to another device than the one that was authenticated', async () => {
    await using client = open(`${dps.idScope}/registrations/dev-02`);
    expect(await client.ended).toBe('amqp:unauthorized-access');
  });

  it('refuses a link to an address that is none of its own', async () => {
    await using client = open('devices/dev-01/messages/events');
    expect(await client.ended).toBe('amqp:not-found');
  });

  it('refuses who comes without SASL and without certificate', async () => {
    await using client = openAmqpClient(dps, username());
    const { error } = await client.request({ application_properties: register, body: data('{}') });
    expect(error?.condition).toBe('amqp:unauthorized-access');
    expect(await dps.control.requests()).toContainEqual(
      expect.objectContaining({ method: 'AMQP iotdps-register', status: 401, errorCode: 401002 }),
    );
  });

  it('tells a client that asks too often when to come again', async () => {
    await using limited = await startDps({ idScope: dps.idScope, quotas: { registrationsPerMinute: 1 } });
    const symmetricKey = { primaryKey: toBase64(key) };
    await limited.control.enroll([
      { registrationId: 'dev-01', attestation: { type: 'symmetricKey', symmetricKey } },
    ]);
    const password = deviceToken({ idScope: dps.idScope, registrationId: 'dev-01', key });
    await using client = openAmqpClient(limited, username(), { username: username(), password });
    const message = { application_properties: register, body: data('{}') };
    expect((await client.request(message)).outcome).toBe('accepted');
    const { error } = await client.request(message);
    expect(error?.condition).toBe('com.microsoft:device-container-throttled');
    const seconds = error?.info?.['retry-after'];
    expect(seconds).toBeGreaterThan(0);
    expect(error?.info).toEqual({ 'retry-after': seconds, 'Retry-After': seconds });
  });

  it('lets no token into its log', async () => {
    await using client = open();
    await client.request({ application_properties: register, body: data('{}') });
    expect(JSON.stringify(await dps.control.requests())).not.toMatch(/SharedAccessSignature|sig=/);
  });
});
