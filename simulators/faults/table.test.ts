import { describe, expect, it } from 'vitest';
import type { DeviceFault, IssuePlan } from './device-fault.ts';
import { deviceFault, faultKinds } from './table.ts';

const honest: IssuePlan = {
  enrollment: {
    listed: true,
    registrationId: 'own',
    provisioningStatus: 'enabled',
    endorsementKey: 'own',
    certificate: 'own',
  },
  key: 'enrolled',
  certificate: {
    commonName: 'dev-01',
    authority: 'enrolled',
    sends: 'chain',
    life: 'current',
    certifies: 'own-key',
  },
  presentedEndorsementKey: 'own',
};

describe.each(faultKinds.map((kind) => [kind, deviceFault(kind)] as const))(
  'the fault %s',
  (_kind, fault) => {
    it('changes something, and leaves the honest plan as it was', () => {
      const before = structuredClone(honest);
      expect(changes(fault)).not.toEqual([]);
      expect(honest).toEqual(before);
    });

    it('says of at least one attestation and enrollment what must come of it', () => {
      expect(Object.keys(fault.expected)).not.toEqual([]);
      expect(fault.enrollments).not.toEqual([]);
      for (const attestation of Object.keys(fault.expectedOfGroup ?? {})) {
        expect(Object.keys(fault.expected)).toContain(attestation);
        expect(fault.enrollments).toContain('group');
      }
    });

    it('is kept from official SDKs when it is in the content of a request', () => {
      const touchesRequests =
        fault.sasExpirySeconds !== undefined ||
        fault.sasToken !== undefined ||
        fault.sasSignedText !== undefined ||
        fault.keyText !== undefined ||
        fault.registrationId !== undefined ||
        fault.pollSeconds !== undefined ||
        (fault.clockLateSeconds ?? 0) > HOUR_SECONDS ||
        (fault.issue?.(honest).presentedEndorsementKey ?? 'own') !== 'own';
      if (fault.tpm === undefined) expect(fault.clients).toBe(touchesRequests ? 'native' : 'any');
    });

    it('is described in one clause', () => {
      expect(fault.description).toMatch(/^[a-z][^.\n]{10,80}$/);
    });
  },
);

const HOUR_SECONDS = 3_600;

/** The names of what a fault makes differ from an honest device. */
function changes(fault: DeviceFault): string[] {
  const { issue, idScope, sasExpirySeconds, sasToken, token: tokenFault } = fault;
  const token = 'SharedAccessSignature sr=a&sig=Le31&se=1700000000&skn=registration';
  return [
    ...(issue !== undefined && JSON.stringify(issue(honest)) !== JSON.stringify(honest) ? ['issue'] : []),
    ...(idScope !== undefined && idScope('0ne00000001') !== '0ne00000001' ? ['idScope'] : []),
    ...(sasExpirySeconds !== undefined && sasExpirySeconds(1_700_000_000) < 1_700_000_000 ? ['se'] : []),
    ...(Object.keys(tokenFault ?? {}).length > 0 ? ['token'] : []),
    ...(fault.passThrough === undefined ? [] : ['passThrough']),
    ...(fault.tpm === undefined ? [] : ['tpm']),
    ...(fault.trusts === undefined ? [] : ['trusts']),
    ...(fault.keyText === undefined || fault.keyText('AAA=') === 'AAA=' ? [] : ['keyText']),
    ...(fault.registrationId === undefined || fault.registrationId('a') === 'a' ? [] : ['registrationId']),
    ...(fault.sasSignedText === undefined || fault.sasSignedText('a%2Fb', 1) === 'a%2Fb\n1' ? [] : ['text']),
    ...((fault.clockLateSeconds ?? 0) > 0 ? ['clock'] : []),
    ...(fault.port === undefined ? [] : ['port']),
    ...(fault.pollSeconds?.(400) === 400 ? [] : fault.pollSeconds === undefined ? [] : ['pollSeconds']),
    ...(sasToken !== undefined && sasToken(token) !== token ? ['token'] : []),
  ];
}

describe('deviceFault', () => {
  it.each(['', 'no-such-fault', 'toString', '__proto__'])('refuses the name %j', (name) => {
    expect(() => deviceFault(name)).toThrow(expect.objectContaining({ code: 'INVARIANT' }));
  });
});

describe('a tampered token', () => {
  it.each(['sig=A', 'sig=B', 'sig=%2F'])('differs whatever its signature begins with: %s', (sig) => {
    const token = `SharedAccessSignature sr=a&${sig}xyz&se=1`;
    const tampered = deviceFault('tampered-token').sasToken?.(token);
    expect(tampered).not.toBe(token);
    expect(tampered).toMatch(/^SharedAccessSignature sr=a&sig=/);
  });
});
