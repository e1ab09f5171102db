import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectNoChildProcessLeft } from '../processes/testing/child-processes.ts';
import { loadCryptoki } from './cryptoki.ts';
import { ensureTokens } from './ensure-tokens.ts';
import { createSoftHsm, startSoftHsm } from './softhsm.ts';
import { createTokenHost } from './token-host.ts';
import { openTokenStore } from './token-store.ts';
import { parsePkcs11Uri } from './uri.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dps-rig-token-store-'));
});
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  await expectNoChildProcessLeft();
});

const signal = new AbortController().signal;

describe('ensureTokens', () => {
  it('makes each token once, with a key of its own, and keeps it', async () => {
    const made: number[] = [];
    const options = {
      counts: { 'ec-p256': 5, empty: 2 },
      cacheDirectory: directory,
      signal,
      onProgress: (done: number) => void made.push(done),
    };
    const first = await ensureTokens(options);
    const again = await ensureTokens(options);
    expect(again).toEqual(first);
    expect(made).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const all = [...first['ec-p256'], ...first.empty];
    for (const own of ['tokenId', 'serial', 'pin'] as const) {
      expect(new Set(all.map((token) => token[own])).size).toBe(7);
    }
    expect(new Set(first['ec-p256'].map(({ publicKey }) => publicKey)).size).toBe(5);
  });

  it('makes a damaged token anew, and no other', async () => {
    const options = { counts: { 'ec-p256': 3 }, cacheDirectory: directory, signal };
    const before = await ensureTokens(options);
    const file = join(directory, 'rig-ec-p256-000001.json');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -9));
    const after = await ensureTokens(options);
    const unchanged = after['ec-p256'].map((token, at) => token.serial === before['ec-p256'][at]?.serial);
    expect(unchanged).toEqual([true, false, true]);
  });

  it('keeps PINs and images from other users', async () => {
    await ensureTokens({ counts: { empty: 1 }, cacheDirectory: directory, signal });
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('stops its processes when it is aborted', async () => {
    const stop = new AbortController();
    const making = ensureTokens({
      counts: { 'rsa-2048': 50 },
      cacheDirectory: directory,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(making).rejects.toMatchObject({ phase: 'aborted' });
  });
});

describe('openTokenStore', () => {
  it('puts every token into exactly one SoftHSM, of which the others know nothing', async () => {
    const made = await ensureTokens({
      counts: { 'ec-p256': 7 },
      cacheDirectory: join(directory, 'c'),
      signal,
    });
    await using store = await openTokenStore({
      directory: join(directory, 'store'),
      tokens: made['ec-p256'],
      shards: 3,
    });
    expect(store.shards).toHaveLength(3);
    const labelsOf = (modulePath: string): string[] => {
      const cryptoki = loadCryptoki(modulePath);
      return cryptoki
        .getSlotList(true)
        .map((slot) => cryptoki.getTokenInfo(slot).label)
        .filter((label) => label !== '')
        .toSorted();
    };
    for (const [shard, { modulePath }] of store.shards.entries()) {
      const mine = store.tokens.filter((token) => token.shard === shard).map(({ label }) => label);
      expect(labelsOf(modulePath)).toEqual(mine.toSorted());
    }
    expect(store.tokens.map(({ label }) => label)).toEqual(made['ec-p256'].map(({ tokenId }) => tokenId));
  });

  it('works on copies: what is done to a token does not come back', async () => {
    const options = { counts: { 'ec-p256': 1 }, cacheDirectory: join(directory, 'c'), signal };
    for (const name of ['one', 'two']) {
      const made = await ensureTokens(options);
      await using store = await openTokenStore({
        directory: join(directory, name),
        tokens: made['ec-p256'],
      });
      const session = createTokenHost().openSession(store.tokens[0]?.keyUri ?? '');
      const objects = session.cryptoki.findObjects(session.handle, [], 10);
      expect(objects).toHaveLength(2);
      for (const object of objects) session.cryptoki.destroyObject(session.handle, object);
      session.close();
    }
  });

  it('lets a token be removed under a device, and the others sign on', async () => {
    const made = await ensureTokens({
      counts: { 'ec-p256': 2 },
      cacheDirectory: join(directory, 'c'),
      signal,
    });
    await using store = await openTokenStore({ directory: join(directory, 's'), tokens: made['ec-p256'] });
    const host = createTokenHost();
    const [removed, kept] = store.tokens.map(({ keyUri }) => host.openKey(keyUri));
    const request = { kind: 'ecdsa', hash: 'sha256', digest: Buffer.alloc(32, 1) } as const;
    expect(removed?.signDigest(request)).toHaveLength(64);
    rmSync(join(store.shards[0]?.tokenDirectory ?? '', store.tokens[0]?.label ?? ''), { recursive: true });
    expect(() => removed?.signDigest(request)).toThrow(
      expect.objectContaining({ name: 'CryptokiError', code: expect.stringMatching(/^CKR_/) as string }),
    );
    expect(kept?.signDigest(request)).toHaveLength(64);
    for (const key of [removed, kept]) key?.[Symbol.dispose]();
    expect(host.sessions.open).toBe(0);
  });

  it('keeps the PIN in a file for its owner only, and not in the URI', async () => {
    const made = await ensureTokens({ counts: { empty: 1 }, cacheDirectory: join(directory, 'c'), signal });
    await using store = await openTokenStore({ directory: join(directory, 's'), tokens: made.empty });
    const uri = store.tokens[0]?.keyUri ?? '';
    const { pinSource = '' } = parsePkcs11Uri(uri);
    const file = new URL(pinSource);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(uri).not.toContain(readFileSync(file, 'utf8'));
  });
});

describe('startSoftHsm', () => {
  it('names the module when its configuration cannot be read', () => {
    const softHsm = createSoftHsm(join(directory, 'broken'));
    expect(() => startSoftHsm({ ...softHsm, configuration: '/no/such.conf' })).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT', component: 'pkcs11' }),
    );
  });

  it('names the module when its token directory is gone', () => {
    const softHsm = createSoftHsm(join(directory, 'broken'));
    rmSync(softHsm.tokenDirectory, { recursive: true });
    expect(() => startSoftHsm(softHsm)).toThrow(expect.objectContaining({ code: 'ENVIRONMENT' }));
  });
});
