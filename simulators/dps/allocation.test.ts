import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EnrollmentGroup } from '../wire/enrollment.ts';
import { allocateHub } from './allocation.ts';

const [near, far, farther] = ['near.azure-devices.net', 'far.azure-devices.net', 'farther.azure-devices.net'];
const hubs = [far, near, farther];
const fleet = (rules: Partial<EnrollmentGroup>): EnrollmentGroup => ({
  enrollmentGroupId: 'fleet',
  attestation: { type: 'symmetricKey' },
  ...rules,
});
const ids = Array.from({ length: 1000 }, (_, index) => `device-${index}`);
const shareOf = (hub: string, chosen: readonly (string | undefined)[]) =>
  chosen.filter((one) => one === hub).length / chosen.length;

describe('allocation', () => {
  it('gives any device an eligible hub, the same one each time and whatever the case of its id', () => {
    const listed = fc.subarray(hubs, { minLength: 1 });
    const weights = fc.dictionary(fc.constantFrom(...hubs), fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(fc.string(), listed, weights, (id, iotHubs, hubWeights) => {
        const hubOf = (registrationId: string) =>
          allocateHub(registrationId, fleet({ iotHubs }), { hubs, hubWeights });
        expect(iotHubs).toContain(hubOf(id));
        expect(hubOf(id)).toBe(hubOf(id.toLowerCase()));
      }),
    );
  });

  it('spreads a fleet evenly, or by weight', () => {
    const spread = (hubWeights: Record<string, number>) =>
      ids.map((id) => allocateHub(id, fleet({ allocationPolicy: 'hashed' }), { hubs, hubWeights }));
    for (const hub of hubs) expect(shareOf(hub, spread({}))).toBeCloseTo(1 / 3, 1);
    expect(shareOf(near, spread({ [near]: 8 }))).toBeCloseTo(0.8, 1);
  });

  it.each([
    ['the hub that the enrollment names', { iotHubHostName: far }, far],
    ['the only hub that it lists', { iotHubs: [farther] }, farther],
    ['none when it names none', {}, undefined],
    ['none when the hub is not linked', { iotHubHostName: 'elsewhere.azure-devices.net' }, undefined],
  ])('static gives %s', (_, rules, hub) => {
    expect(allocateHub('device', fleet({ allocationPolicy: 'static', ...rules }), { hubs })).toBe(hub);
  });

  it('geoLatency gives the nearest eligible hub, and falls back to the hash', () => {
    const chosen = (hubPreference: readonly string[], iotHubs: readonly string[]) =>
      ids.map((id) =>
        allocateHub(id, fleet({ allocationPolicy: 'geoLatency', iotHubs }), { hubs, hubPreference }),
      );
    expect(shareOf(near, chosen([near, far], []))).toBe(1);
    expect(shareOf(far, chosen([near, far], [far, farther]))).toBe(1);
    expect(shareOf(far, chosen([], [far, farther]))).toBeCloseTo(0.5, 1);
  });
});
