import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64 } from '../../kernel/bytes.ts';
import { parseActivationBlob } from '../../tpm/codec/activation-blob.ts';
import type { RegisterAnswer } from '../registration-service.ts';
import {
  createTestCore,
  makeTpmKeys,
  noProof,
  refusedWith,
  sasProof,
  symmetricKeys,
  type TestCore,
  testId,
  testToken,
} from '../testing/test-core.ts';

const primary = new Uint8Array(32).fill(1);

const id = testId;
let core: TestCore;
beforeEach(() => {
  core = createTestCore();
});

describe('a TPM', () => {
  let ours: ReturnType<typeof makeTpmKeys>;
  let theirs: ReturnType<typeof makeTpmKeys>;
  beforeAll(() => {
    ours = makeTpmKeys();
    theirs = makeTpmKeys();
  });
  beforeEach(() => {
    core.enrollments.put([
      { registrationId: id, attestation: { type: 'tpm', tpm: { endorsementKey: ours.endorsementKey } } },
      {
        registrationId: 'dev-02',
        attestation: { type: 'tpm', tpm: { endorsementKey: theirs.endorsementKey } },
      },
    ]);
  });
  const issuedKey = (registrationId = id): Uint8Array => {
    const [issued] = core.issuedKeys.live(registrationId, core.clock.nowMs());
    if (issued === undefined) throw new Error('no key was issued');
    return issued.key;
  };

  it('is challenged, then accepted with a token by the key of the challenge, and given its hub key', () => {
    const answer = core.register(noProof, { tpm: ours });
    if (answer.kind !== 'challenge') throw new Error(JSON.stringify(answer));
    const challenge = parseActivationBlob(fromBase64(answer.authenticationKey));
    const proof = sasProof(testToken(id, issuedKey()));
    const state = core.finish(core.register(proof), proof); // aziot sends no `tpm` again
    expect(state.status).toBe('assigned');
    const hubKey = parseActivationBlob(fromBase64(state.tpm?.authenticationKey ?? ''));
    const sizes = Object.values(challenge).map((field: Uint8Array) => field.length);
    // As in three captured blobs of the service; the last field's length differs in each of them.
    expect(sizes.slice(0, -1)).toEqual([52, 256, 142, 256, 48]);
    expect(hubKey.objectPublic).not.toEqual(challenge.objectPublic);
  });

  it('answers to the challenge before the last one, as a client that tried twice may', () => {
    core.register(noProof, { tpm: ours });
    const first = issuedKey();
    core.register(noProof, { tpm: ours });
    expect(core.register(sasProof(testToken(id, first))).kind).toBe('accepted');
  });

  it.each<readonly [string, () => RegisterAnswer, number, number]>([
    ['an EK that is not enrolled', () => core.register(noProof, { tpm: theirs }), 401, 401002],
    [
      'an id that is not enrolled',
      () => core.register(noProof, { registrationId: 'nobody', tpm: ours }),
      404,
      404201,
    ],
    [
      'an EK that is no key',
      () => core.register(noProof, { tpm: { endorsementKey: 'AAAA', storageRootKey: 'AAAA' } }),
      401,
      401002,
    ],
    [
      'an EK that is no base64',
      () => core.register(noProof, { tpm: { endorsementKey: '****', storageRootKey: 'AAAA' } }),
      400,
      400004,
    ],
    ['no SRK', () => core.register(noProof, { tpm: { endorsementKey: ours.endorsementKey } }), 400, 400004],
    [
      'an SRK that is no key',
      () => core.register(noProof, { tpm: { ...ours, storageRootKey: 'AAAA' } }),
      400,
      400004,
    ],
    ['a token before any challenge', () => core.register(sasProof(testToken(id, primary))), 401, 401000],
    [
      'a token by the key of the challenge of another TPM',
      () => {
        core.register(noProof, { tpm: ours });
        core.register(noProof, { registrationId: 'dev-02', tpm: theirs });
        return core.register(sasProof(testToken(id, issuedKey('dev-02'))));
      },
      401,
      401000,
    ],
    [
      'a token by a key that is older than ten minutes',
      () => {
        core.register(noProof, { tpm: ours });
        const token = testToken(id, issuedKey());
        core.clock.advanceMs(10 * 60_000);
        return core.register(sasProof(token));
      },
      401,
      401000,
    ],
    [
      'a replay after two newer challenges',
      () => {
        core.register(noProof, { tpm: ours });
        const token = testToken(id, issuedKey());
        core.register(noProof, { tpm: ours });
        core.register(noProof, { tpm: ours });
        return core.register(sasProof(token));
      },
      401,
      401000,
    ],
  ])('is refused: %s', (_what, attempt, status, errorCode) => {
    expect(attempt()).toEqual(refusedWith(status, errorCode));
    expect(core.registry.records()).toEqual([]);
  });

  it('is refused when its id is enrolled by another kind', () => {
    core.enrollments.put([{ registrationId: id, attestation: symmetricKeys(primary) }]);
    expect(core.register(noProof, { tpm: ours })).toEqual(refusedWith(401, 401002));
  });

  it('is refused when another TPM was enrolled for its id since its challenge', () => {
    core.register(noProof, { tpm: ours });
    const proof = sasProof(testToken(id, issuedKey()));
    const enroll = ({ endorsementKey }: typeof ours): void =>
      core.enrollments.put([{ registrationId: id, attestation: { type: 'tpm', tpm: { endorsementKey } } }]);
    enroll(theirs);
    expect(core.register(proof)).toEqual(refusedWith(401, 401000));
    enroll(ours);
    expect(core.register(proof).kind).toBe('accepted');
  });

  it('ends as disabled after the whole challenge', () => {
    core.enrollments.put([
      {
        registrationId: id,
        attestation: { type: 'tpm', tpm: { endorsementKey: ours.endorsementKey } },
        provisioningStatus: 'disabled',
      },
    ]);
    expect(core.register(noProof, { tpm: ours }).kind).toBe('challenge');
    const proof = sasProof(testToken(id, issuedKey()));
    expect(core.finish(core.register(proof), proof)).toMatchObject({ status: 'disabled' });
  });

  it('keeps no key longer than it is good for', () => {
    core.register(noProof, { tpm: ours });
    core.clock.advanceMs(10 * 60_000 + 1);
    core.register(noProof, { registrationId: 'dev-02', tpm: theirs });
    expect(core.issuedKeys.size).toBe(1);
  });
});
