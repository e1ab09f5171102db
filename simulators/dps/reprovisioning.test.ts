import { beforeEach, describe, expect, it } from 'vitest';
import type { IndividualEnrollment } from '../wire/enrollment.ts';
import {
  createTestCore,
  sasProof,
  symmetricKeys,
  type TestCore,
  testHubs,
  testId,
  testToken,
} from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);
const [first = '', second = '', third = ''] = testHubs;

let core: TestCore;
beforeEach(() => {
  core = createTestCore();
});

/** Registers under the enrollment as it is now, and gives what became of it. */
function registerAs(enrollment: Partial<IndividualEnrollment>, apiVersion?: string) {
  core.enrollments.put([{ registrationId: testId, attestation: symmetricKeys(key), ...enrollment }]);
  const proof = sasProof(testToken(testId, key));
  return core.finish(core.register(proof, apiVersion === undefined ? {} : { apiVersion }), proof);
}

describe('registering again', () => {
  it.each([
    ['moves with its data by default', {}, second, 'deviceDataMigrated'],
    [
      'moves with its data when told to',
      { updateHubAssignment: true, migrateDeviceData: true },
      second,
      'deviceDataMigrated',
    ],
    [
      'moves without its data',
      { updateHubAssignment: true, migrateDeviceData: false },
      second,
      'deviceDataReset',
    ],
    ['never moves', { updateHubAssignment: false, migrateDeviceData: false }, first, 'initialAssignment'],
  ])('%s', (_, reprovisionPolicy, assignedHub, substatus) => {
    registerAs({ reprovisionPolicy, iotHubHostName: first });
    expect(registerAs({ reprovisionPolicy, iotHubHostName: second })).toMatchObject({
      assignedHub,
      substatus,
    });
  });

  it('keeps the substatus while the hub stays, and names the way back to the first hub', () => {
    const substatusAt = (iotHubHostName: string) => registerAs({ iotHubHostName }).substatus;
    expect([first, first, second, second, third, first].map(substatusAt)).toEqual([
      'initialAssignment',
      'initialAssignment',
      'deviceDataMigrated',
      'deviceDataMigrated',
      'deviceDataMigrated',
      'reprovisionedToInitialAssignment',
    ]);
  });

  it('keeps the created time and changes the updated time and the etag', () => {
    const before = registerAs({});
    core.clock.advanceMs(60_000);
    const after = registerAs({});
    expect(after.createdDateTimeUtc).toBe(before.createdDateTimeUtc);
    expect(after.lastUpdatedDateTimeUtc).not.toBe(before.lastUpdatedDateTimeUtc);
    expect(after.etag).not.toBe(before.etag);
  });

  it('remembers the hub through a registration that was refused', () => {
    registerAs({ iotHubHostName: first });
    expect(registerAs({ provisioningStatus: 'disabled' }).status).toBe('disabled');
    expect(registerAs({ iotHubHostName: second }).substatus).toBe('deviceDataMigrated');
  });

  it('does not move a client of 2018-04-01 or before unless a policy is saved', () => {
    registerAs({ iotHubHostName: first });
    expect(registerAs({ iotHubHostName: second }, '2018-04-01').assignedHub).toBe(first);
    expect(registerAs({ iotHubHostName: second, reprovisionPolicy: {} }, '2018-04-01').assignedHub).toBe(
      second,
    );
  });

  it('takes an edited deviceId only after the registration record was deleted', () => {
    expect(registerAs({ deviceId: 'pump' }).deviceId).toBe('pump');
    expect(registerAs({ deviceId: 'valve' }).deviceId).toBe('pump');
    expect(core.registry.remove(testId)).toBe(true);
    expect(registerAs({ deviceId: 'valve' })).toMatchObject({
      deviceId: 'valve',
      substatus: 'initialAssignment',
    });
  });
});
