import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createInstantClock } from '../../kernel/testing/instant-clock.ts';
import { CKU, tokenFlagNames } from '../constants.ts';
import { type Cryptoki, type Handle, loadCryptoki } from '../cryptoki.ts';
import { deviceKeyName } from '../provision-token.ts';
import { openTestTokens, type TestTokens } from '../testing/test-tokens.ts';
import type { DecorateCryptoki } from '../token-host.ts';
import type { TokenKey } from '../token-key.ts';
import { importSecretKey } from '../token-objects.ts';
import { openTokenSession, SlotDirectory } from '../token-session.ts';
import { withFaults } from './faults.ts';
import { withLatency } from './latency.ts';
import { withPinLock } from './pin-lock.ts';
import { type RecordedCall, withRecorder } from './recorder.ts';

let tokens: TestTokens;
beforeAll(async () => {
  tokens = await openTestTokens({ 'ec-p256': 2, empty: 1 });
});
afterAll(async () => {
  await tokens[Symbol.asyncDispose]();
});

const request = { kind: 'ecdsa', hash: 'sha256', digest: Buffer.alloc(32, 1) } as const;
const open = (decorate: DecorateCryptoki): TokenKey => tokens.host.openKey(tokens.token.keyUri, decorate);

describe('withRecorder', () => {
  it('writes down every call in order, with no more than its name and result', () => {
    const calls: RecordedCall[] = [];
    const clock = createInstantClock();
    {
      using key = open((cryptoki) => withRecorder(cryptoki, clock, (call) => void calls.push(call)));
      key.signDigest(request);
    }
    expect(calls.map(({ call }) => call)).toEqual([
      'C_GetTokenInfo',
      'C_OpenSession',
      'C_Login',
      'C_FindObjects',
      'C_SignInit',
      'C_Sign',
    ]);
    expect(new Set(calls.map(({ result }) => result))).toEqual(new Set(['CKR_OK']));
    expect(Object.keys(calls[0] ?? {}).toSorted()).toEqual(['call', 'durationMs', 'result', 'startMs']);
  });

  it('writes down with what the token refused', () => {
    const calls: RecordedCall[] = [];
    const record: DecorateCryptoki = (cryptoki) =>
      withRecorder(
        withFaults(cryptoki, [{ call: 'C_Login', returnName: 'CKR_PIN_EXPIRED' }]),
        createInstantClock(),
        (call) => void calls.push(call),
      );
    expect(() => open(record)).toThrow(expect.objectContaining({ code: 'CKR_PIN_EXPIRED' }));
    expect(calls.at(-1)).toMatchObject({ call: 'C_Login', result: 'CKR_PIN_EXPIRED' });
  });
});

describe('withFaults', () => {
  it('refuses the n-th call only, and the key works again after it', () => {
    using key = open((cryptoki) =>
      withFaults(cryptoki, [{ call: 'C_SignInit', from: 2, count: 1, returnName: 'CKR_DEVICE_ERROR' }]),
    );
    key.signDigest(request);
    key.signDigest(request);
    expect(() => key.signDigest(request)).toThrow(
      expect.objectContaining({ code: 'CKR_DEVICE_ERROR', call: 'C_SignInit', returnValue: 0x30 }),
    );
    expect(key.lastError).toMatchObject({ code: 'CKR_DEVICE_ERROR' });
  });

  it('touches the other users of the module in nothing', () => {
    using broken = open((cryptoki) =>
      withFaults(cryptoki, [{ call: 'C_SignInit', returnName: 'CKR_DEVICE_REMOVED' }]),
    );
    using other = tokens.host.openKey(tokens.tokens[1]?.keyUri ?? '');
    expect(() => broken.signDigest(request)).toThrow();
    expect(other.signDigest(request)).toHaveLength(64);
  });

  it('opens a new session after a failed call', () => {
    const before = tokens.host.sessions;
    using key = open((cryptoki) =>
      withFaults(cryptoki, [{ call: 'C_Sign', count: 1, returnName: 'CKR_FUNCTION_FAILED' }]),
    );
    expect(() => key.signDigest(request)).toThrow();
    expect(tokens.host.sessions.open).toBe(before.open);
    expect(key.signDigest(request)).toHaveLength(64);
    expect(tokens.host.sessions).toEqual({ opened: before.opened + 2, open: before.open + 1 });
  });

  it('makes a token read-only, which still signs', () => {
    const refused = ['C_CreateObject', 'C_GenerateKeyPair', 'C_DestroyObject'] as const;
    const readOnly: DecorateCryptoki = (cryptoki) =>
      withFaults(
        cryptoki,
        refused.map((call) => ({ call, returnName: 'CKR_TOKEN_WRITE_PROTECTED' })),
      );
    const session = tokens.host.openSession(tokens.token.keyUri, readOnly);
    expect(() => importSecretKey(session, Buffer.alloc(32), { ...deviceKeyName, keep: true })).toThrow(
      expect.objectContaining({ code: 'CKR_TOKEN_WRITE_PROTECTED' }),
    );
    session.close();
    using key = open(readOnly);
    expect(key.signDigest(request)).toHaveLength(64);
  });
});

describe('withPinLock', () => {
  let cryptoki: Cryptoki;
  let locking: Cryptoki;
  let slot: Handle;
  beforeEach(() => {
    cryptoki = loadCryptoki(tokens.store.shards[0]?.modulePath ?? '');
    locking = withPinLock(cryptoki, 3);
    slot = new SlotDirectory(cryptoki).find({ label: tokens.token.label });
  });
  const tryPin = (pin: string): void => {
    const session = locking.openSession(slot, 0);
    try {
      locking.login(session, CKU.USER, pin);
    } finally {
      cryptoki.closeSession(session);
    }
  };

  it('locks after so many wrong PINs, and then refuses the right one', () => {
    for (let tries = 0; tries < 3; tries += 1) {
      expect(() => tryPin('wrong')).toThrow(expect.objectContaining({ code: 'CKR_PIN_INCORRECT' }));
    }
    expect(() => tryPin('any')).toThrow(expect.objectContaining({ code: 'CKR_PIN_LOCKED' }));
  });

  it('shows in the flags of the token how near it is', () => {
    const pinFlags = (): string[] =>
      tokenFlagNames(locking.getTokenInfo(slot).flags).filter(
        (name) => name.startsWith('CKF_USER_PIN_') && name !== 'CKF_USER_PIN_INITIALIZED',
      );
    const seen = [pinFlags()];
    for (let tries = 0; tries < 3; tries += 1) {
      expect(() => tryPin('wrong')).toThrow();
      seen.push(pinFlags());
    }
    // SoftHSM itself sets COUNT_LOW after the first.
    expect(seen[1]).toEqual(['CKF_USER_PIN_COUNT_LOW']);
    expect(seen[2]).toEqual(['CKF_USER_PIN_COUNT_LOW', 'CKF_USER_PIN_FINAL_TRY']);
    expect(seen[3]).toEqual(['CKF_USER_PIN_COUNT_LOW', 'CKF_USER_PIN_LOCKED']);
  });
});

describe('withLatency', () => {
  it('takes at least as long as it is told', () => {
    using key = open((cryptoki) => withLatency(cryptoki, { C_Sign: 20 }));
    const startMs = performance.now();
    key.signDigest(request);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
  });
});

describe('a slot directory', () => {
  it('finds a token that is in another slot than before', () => {
    const cryptoki = loadCryptoki(tokens.store.shards[0]?.modulePath ?? '');
    const [one, other] = tokens.tokens;
    const real = new SlotDirectory(cryptoki);
    const slots = [real.find({ label: one?.label }), real.find({ label: other?.label })];
    let swapped = false;
    const swappedSlot = (slot: Handle): Handle => {
      const at = slots.findIndex((known) => known.equals(slot));
      return (swapped && at >= 0 ? slots[1 - at] : slot) ?? slot;
    };
    const renumbering: Cryptoki = {
      ...cryptoki,
      getTokenInfo: (slot) => cryptoki.getTokenInfo(swappedSlot(slot)),
      openSession: (slot, flags) => cryptoki.openSession(swappedSlot(slot), flags),
    };
    const directory = new SlotDirectory(renumbering);
    const before = directory.find({ label: one?.label });
    swapped = true;
    const after = directory.find({ label: one?.label });
    expect(after.equals(before)).toBe(false);
    expect(renumbering.getTokenInfo(after).label).toBe(one?.label);
  });

  it('finds a token by its serial number', () => {
    const directory = new SlotDirectory(loadCryptoki(tokens.store.shards[0]?.modulePath ?? ''));
    const { serial, label } = tokens.token;
    expect(directory.cryptoki.getTokenInfo(directory.find({ serial })).label).toBe(label);
    expect(() => openTokenSession({ slots: directory, address: {}, pin: '' })).toThrow(
      expect.objectContaining({ code: 'CKR_TOKEN_NOT_PRESENT' }),
    );
  });
});
