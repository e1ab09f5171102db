import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../harness/diagnose/diagnose.ts';
import type { CauseName } from '../../harness/diagnose/table.ts';
import { createDevice, type DeviceSpec } from '../../simulators/index.ts';
import { serializeError } from '../../simulators/kernel/errors.ts';
import { finalizeCryptoki } from '../../simulators/pkcs11/cryptoki.ts';
import { createSoftHsm, type SoftHsmInstance, startSoftHsm } from '../../simulators/pkcs11/softhsm.ts';
import { openTestTokens, type TestTokens } from '../../simulators/pkcs11/testing/test-tokens.ts';
import { formatPkcs11Uri, type Pkcs11Uri, parsePkcs11Uri } from '../../simulators/pkcs11/uri.ts';
import { openScratchDirectory, type ScratchDirectory } from '../../simulators/processes/scratch-directory.ts';

const never = new AbortController().signal;

const spec: DeviceSpec = {
  index: 0,
  registrationId: 'dev-1',
  attestation: 'symmetric-key',
  enrollment: 'individual',
  keyStore: 'softhsm',
  transport: 'https',
  client: 'native',
  platform: 'linux',
};

/** What a device finds wrong with its token before it has sent anything: nobody is asked at this address. */
const endpoint = { hostName: '127.0.0.1', port: 9, idScope: '0ne1', apiVersion: '2021-06-01' };

describe('the diagnosis of a device whose key is in a real SoftHSM', () => {
  let tokens: TestTokens;
  let scratch: ScratchDirectory;
  let emptyStore: SoftHsmInstance;
  beforeAll(async () => {
    tokens = await openTestTokens({ 'ec-p256': 1, 'rsa-2048': 0, empty: 1 });
    scratch = await openScratchDirectory({ name: 'empty-store' });
    emptyStore = createSoftHsm(join(scratch.path, 'store'));
    startSoftHsm(emptyStore);
  });
  afterAll(async () => {
    finalizeCryptoki(emptyStore.modulePath);
    await tokens[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  /** The URI of the token that has a key pair, or of the one that has no key, with something wrong in it. */
  const uri = (content: 'ec-p256' | 'empty', changes: Partial<Pkcs11Uri>): string => {
    const token = tokens.tokens.find((one) => one.content === content);
    if (token === undefined) throw new Error(`no token with ${content}`);
    return formatPkcs11Uri({ ...parsePkcs11Uri(token.keyUri), type: 'secret-key', ...changes });
  };

  async function diagnosisOf(keyUri: string, fault?: string) {
    const credentials = { kind: 'token-symmetric-key', keyUri } as const;
    const context = { endpoint, tokens: tokens.host, seed: 1, attemptTimeoutMs: 5_000 };
    await using device = createDevice({ ...spec, fault }, credentials, context);
    const refused: unknown = await device.prepare(never).then(
      () => undefined,
      (error: unknown) => error,
    );
    const result = { kind: 'error', error: serializeError(refused) } as const;
    const evidence = await device.evidence(result, never);
    expect(JSON.stringify(evidence)).not.toMatch(/pin-?value|pin-?source/i);
    return diagnose({
      ...{ registrationId: spec.registrationId, result, planned: spec, phasesMs: {}, device: evidence },
      service: { idScope: endpoint.idScope, proxied: false },
    });
  }

  it.each<[CauseName, string, () => string, RegExp]>([
    [
      'token-absent',
      'CKR_TOKEN_NOT_PRESENT',
      () => uri('ec-p256', { token: 'typo' }),
      /no slot has the token typo; the module has 2/,
    ],
    [
      'token-remade',
      'CKR_TOKEN_NOT_PRESENT',
      () => uri('ec-p256', { serial: '0000000000000000' }),
      /has the serial [0-9a-f]{16}, the device wants 0{16}/,
    ],
    [
      'token-store-empty',
      'CKR_TOKEN_NOT_PRESENT',
      () => uri('ec-p256', { modulePath: emptyStore.modulePath }),
      /has no token at all/,
    ],
    [
      'token-key-missing',
      'CKR_KEY_HANDLE_INVALID',
      () => uri('ec-p256', { object: 'typo' }),
      /has no key typo; it has device-id/,
    ],
    ['token-without-keys', 'CKR_KEY_HANDLE_INVALID', () => uri('empty', {}), /holds no key at all/],
  ])('names %s under %s', async (cause, code, wrongUri, statement) => {
    const found = await diagnosisOf(wrongUri());
    expect(found).toMatchObject({ cause, code, confidence: 'certain' });
    expect(found.statement).toMatch(statement);
  });

  it('tells a slot that has moved from a token that is not there', async () => {
    const moved = await diagnosisOf(uri('ec-p256', {}), 'slot-by-number');
    expect(moved).toMatchObject({
      cause: 'slot-by-number',
      code: 'CKR_SLOT_ID_INVALID',
      confidence: 'certain',
    });
    expect(moved.statement).toMatch(/is in slot \d+ now/);
    const absent = await diagnosisOf(uri('ec-p256', { token: 'typo' }), 'slot-by-number');
    expect(absent.cause).toBe('token-absent');
  });
});
