import { describe, expect, it } from 'vitest';
import type { KeyCustody } from '../../reports/run-result.ts';
import { makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { planOfEntry } from '../testing/plans.ts';
import { collectKeyCustody, judgeKeyCustody } from './key-custody.ts';

const plan = planOfEntry('devices = 2\nattestation = "x509"\nkeyStore = "softhsm"');
const ids = Array.from(plan.devices, ({ spec }) => spec.registrationId);
const [first = ''] = ids;

const outcomes = ids.map((registrationId, index) =>
  makeOutcome({ index, registrationId, keyUse: { signatures: 1, handshakes: 1, resumed: 0 } }),
);

const custody: KeyCustody = {
  keys: ids.map((registrationId) => ({
    registrationId,
    sensitive: true,
    extractable: false,
    alwaysSensitive: true,
    neverExtractable: true,
    local: true,
    refusedRead: 'CKR_ATTRIBUTE_SENSITIVE',
    certificate: `certificate of ${registrationId}`,
    certificateSeen: `certificate of ${registrationId}`,
    signatures: 1,
    handshakes: 1,
    resumed: 0,
  })),
  sessions: { opened: 4, open: 0 },
};

/** The names of the checks that fail when the first key is so. */
const complaints = (change: Partial<KeyCustody['keys'][number]>, changed = outcomes): string[] =>
  judgeKeyCustody(
    { ...custody, keys: custody.keys.map((key, at) => (at === 0 ? { ...key, ...change } : key)) },
    changed,
  ).flatMap(({ name, passed }) => (passed ? [] : [name]));

describe('judgeKeyCustody', () => {
  it('finds nothing wrong with a fleet whose tokens did all the signing', () => {
    expect(judgeKeyCustody(custody, outcomes)).toHaveLength(4);
    expect(complaints({})).toEqual([]);
  });

  it('says nothing of a fleet without tokens', () => {
    expect(judgeKeyCustody(undefined, outcomes)).toEqual([]);
  });

  it.each([
    [{ sensitive: false }, 'no token gives its key away'],
    [{ extractable: true }, 'no token gives its key away'],
    [{ refusedRead: null }, 'no token gives its key away'],
    [{ certificateSeen: 'of another device' }, "the service saw the certificate of each device's own key"],
    [{ certificateSeen: null }, "the service saw the certificate of each device's own key"],
    [{ resumed: 1 }, "every proof was signed in the device's token, none by a resumed TLS session"],
    [{ signatures: 0 }, "every proof was signed in the device's token, none by a resumed TLS session"],
    [{ handshakes: 2 }, "every proof was signed in the device's token, none by a resumed TLS session"],
    [{ handshakes: 0 }, "every proof was signed in the device's token, none by a resumed TLS session"],
  ])('finds %o', (change, name) => {
    expect(complaints(change)).toEqual([name]);
  });

  it('wants no signature of a symmetric key but the one of its token', () => {
    expect(complaints({ certificate: null, certificateSeen: null, handshakes: 0 })).toEqual([]);
  });

  it('wants no proof of a device that was refused', () => {
    const refused = outcomes.map((outcome, at) =>
      at === 0 ? { ...outcome, result: refusedWith(401, 401002) } : outcome,
    );
    expect(complaints({ certificateSeen: null, signatures: 0, handshakes: 0 }, refused)).toEqual([]);
  });

  it('finds a session that was left open', () => {
    const [, , , sessions] = judgeKeyCustody({ ...custody, sessions: { opened: 4, open: 1 } }, outcomes);
    expect(sessions).toMatchObject({ passed: false, detail: '1 are open' });
  });
});

describe('collectKeyCustody', () => {
  const keys = new Map([[first, { custody: plainCustody(), certificateThumbprint: 'AB' }]]);
  const registrations = [
    {
      registrationId: first.toUpperCase(),
      status: 'assigned' as const,
      assignedHub: 'hub',
      deviceId: first,
      enrollmentId: first,
      timesAssigned: 1,
      certificateThumbprint: 'AB',
    },
  ];
  const sources = { plan, outcomes, registrations };

  it('puts together what token, device and service say', () => {
    const collected = collectKeyCustody({ ...sources, tokens: { keys, sessions: { opened: 1, open: 0 } } });
    expect(collected).toEqual({
      keys: [
        {
          registrationId: first,
          ...plainCustody(),
          certificate: 'AB',
          certificateSeen: 'AB',
          signatures: 1,
          handshakes: 1,
          resumed: 0,
        },
      ],
      sessions: { opened: 1, open: 0 },
    });
  });

  it('is nothing where no key is in a token', () => {
    const tokens = { keys: new Map<string, never>(), sessions: { opened: 0, open: 0 } };
    expect(collectKeyCustody({ ...sources, tokens })).toBeUndefined();
  });
});

function plainCustody() {
  return {
    sensitive: true,
    extractable: false,
    alwaysSensitive: true,
    neverExtractable: true,
    local: true,
    refusedRead: 'CKR_ATTRIBUTE_SENSITIVE',
  };
}
