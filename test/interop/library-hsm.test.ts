import { describe, expect, it } from 'vitest';
import { createTestPki } from '../../simulators/index.ts';
import { DpsEmulator, SoftHsm } from '../../testing/index.ts';
import { registerWithToken } from '../support/sdk-x509.ts';

describe('a SoftHsm with the official SDK', () => {
  it('proves an individual enrollment', async () => {
    await using dps = await new DpsEmulator().start();
    using _trust = dps.trust();
    await using hsm = await new SoftHsm().withRegistrationId('edge-01').start();
    await dps.enroll({ registrationId: 'edge-01', attestation: hsm.attestation, deviceId: 'gate-3' });
    expect(await registerWithToken(dps, hsm)).toMatchObject({ deviceId: 'gate-3' });
    expect(await dps.registrations()).toMatchObject([{ registrationId: 'edge-01', status: 'assigned' }]);
  });

  it('lets all tokens of an authority in by one group, and others not', async () => {
    await using dps = await new DpsEmulator().start();
    using _trust = dps.trust();
    const { bundle } = await createTestPki();
    const ofAuthority = (id: string) => new SoftHsm().withRegistrationId(id).withAuthority(bundle).start();
    await using first = await ofAuthority('edge-01');
    await using second = await ofAuthority('edge-02');
    await using stranger = await new SoftHsm().withRegistrationId('edge-03').start();
    await dps.enroll({ enrollmentGroupId: 'hall', attestation: first.groupAttestation });
    for (const hsm of [first, second]) await registerWithToken(dps, hsm);
    await expect(registerWithToken(dps, stranger)).rejects.toThrow();
    const ids = (await dps.registrations()).map(({ registrationId }) => registrationId);
    expect(ids.toSorted()).toEqual(['edge-01', 'edge-02']);
  });
});
