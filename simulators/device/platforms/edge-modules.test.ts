import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toBase64, utf8 } from '../../kernel/bytes.ts';
import { moduleKeys, reconcileModules, type SendToHub } from './edge-modules.ts';
import { edgeProfiles } from './profiles.ts';

const masterKey = toBase64(utf8('0123456789abcdef0123456789abcdef'));
const profile = edgeProfiles['1.5'];
const answered = (value: unknown, status = 200) => ({ status, headers: {}, body: JSON.stringify(value) });

/** A hub that knows these modules, and what it was asked. */
function hubWith(...known: readonly string[]) {
  const requests: Parameters<SendToHub>[0][] = [];
  const send: SendToHub = (request) => {
    requests.push(request);
    if (request.method === 'GET') {
      return Promise.resolve(
        answered(known.map((moduleId) => ({ moduleId, generationId: `g-${moduleId}` }))),
      );
    }
    const { moduleId } = request.body as { moduleId: string };
    return Promise.resolve(answered({ moduleId, generationId: `g-${moduleId}` }));
  };
  return { requests, send };
}

describe('reconcileModules', () => {
  it('makes a module that is missing without keys, and then gives it those of its generation', async () => {
    const { requests, send } = hubWith('$edgeHub');
    await reconcileModules('dev-01', masterKey, profile, send);
    expect(requests.map(({ method, path, ifMatch }) => [method, path.split('?')[0], ifMatch])).toEqual([
      ['GET', '/devices/dev-01/modules', undefined],
      ['PUT', '/devices/dev-01/modules/%24edgeAgent', undefined],
      ['PUT', '/devices/dev-01/modules/%24edgeAgent', '*'],
      ['PUT', '/devices/dev-01/modules/%24edgeHub', '*'],
    ]);
    expect(requests[1]?.body).toMatchObject({ authentication: { type: 'none' } });
    const hmac = (text: string): string =>
      createHmac('sha256', Buffer.from(masterKey, 'base64')).update(text).digest('base64');
    expect(requests[2]?.body).toMatchObject({
      authentication: {
        symmetricKey: {
          primaryKey: hmac('$edgeAgent:g-$edgeAgent:primary'),
          secondaryKey: hmac('$edgeAgent:g-$edgeAgent:secondary'),
        },
      },
    });
  });

  it.each([
    ['a refusal', answered({ Message: 'ErrorCode:DeviceNotFound;gone' }, 404), 'HUB_DeviceNotFound'],
    ['no list', answered({}), 'INVALID_DATA'],
    ['a module without a generation', answered([{ moduleId: '$edgeAgent' }]), 'INVALID_DATA'],
    ['no JSON', { status: 200, headers: {}, body: '<html>' }, 'INVALID_DATA'],
  ] as const)('fails with %s', async (_title, response, code) => {
    const reconciled = reconcileModules('dev-01', masterKey, profile, () => Promise.resolve(response));
    await expect(reconciled).rejects.toMatchObject({ code });
  });
});

describe('moduleKeys', () => {
  it('gives a module of another generation other keys', () => {
    const first = moduleKeys(masterKey, { moduleId: '$edgeHub', generationId: '1' });
    expect(moduleKeys(masterKey, { moduleId: '$edgeHub', generationId: '2' })).not.toEqual(first);
    expect(first.primaryKey).not.toBe(first.secondaryKey);
  });
});
